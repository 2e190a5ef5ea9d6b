"""Contenders in turn, round after round, so that what the machine does meanwhile falls on all of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

Seconds = dict[str, list[float]]


def seconds(run: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Wall-clock seconds of one call, or those of another clock."""
    started = clock()
    run()
    return clock() - started


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch on one thread within the block."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def interleave(
    contenders: Mapping[str, Callable[[], object]],
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
) -> Seconds:
    """Seconds of each contender in each round, after one call of each that is not counted."""
    for run in contenders.values():
        run()
    times: Seconds = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            times[name].append(seconds(run, clock))
    return times


def spread(values: Sequence[float]) -> dict[str, float]:
    """Minimum, median and maximum."""
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


def ratio(slower: Sequence[float], faster: Sequence[float]) -> dict[str, float]:
    """The spread over rounds of one contender's seconds divided by another's of the same round."""
    return spread([a / b for a, b in zip(slower, faster, strict=True)])


def show(measured: Mapping[str, float], form: str = "{:.2f}") -> str:
    """A spread as ``median (min to max)``."""
    low, middle, high = (form.format(measured[name]) for name in ("min", "median", "max"))
    return f"{middle} ({low} to {high})"
