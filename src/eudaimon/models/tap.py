"""Read the activations of forwards that happen anyway, and stop a forward once enough is known."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Float, Int

from eudaimon.core import Binding, Pooling, Site, Text, UsageError
from eudaimon.models.activations import Activations
from eudaimon.models.batches import make_batches
from eudaimon.models.hooks import reading
from eudaimon.models.model import Model
from eudaimon.models.passes import filler, forward
from eudaimon.models.pooling import Reading, check_poolings, finish
from eudaimon.models.prompts import prepare
from eudaimon.models.sharing import Group, Reader, Row

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Forward:
    """One forward as it is read: ``pooled[s]`` holds a ``[rows, 1, d]`` for each pooling at site ``s``."""

    reading: Reading
    counts: Int[torch.Tensor, "rows"]
    pooled: dict[int, list[Float[torch.Tensor, "rows 1 d"]]]


class Tap:
    """What a `tap` has read: one entry per forward, kept on the device until it is asked for."""

    def __init__(self, sites: tuple[Site, ...], poolings: tuple[Pooling, ...], binding: Binding) -> None:
        self.sites = sites
        self.poolings = poolings
        self.binding = binding
        self.forwards: list[Forward] = []
        self._seconds = 0.0
        self._events: list[tuple[torch.cuda.Event, torch.cuda.Event]] = []

    def __len__(self) -> int:
        return len(self.forwards)

    @property
    def seconds(self) -> float:
        """Seconds spent in the tap's own hooks over all forwards so far; on CUDA the device's own."""
        for start, end in self._events:
            end.synchronize()
            self._seconds += start.elapsed_time(end) / 1000
        self._events.clear()
        return self._seconds

    def activations(self, index: int = -1) -> Activations:
        """What `values` gives of one forward, with its sites and token counts, as `capture` returns it.

        No row counts as truncated: the tap sees what the forward was given. Raises as `values` does.
        """
        values = self.values(index)
        n_tokens = self._forward(index).counts.cpu().numpy()
        return Activations(
            sites=self.sites,
            poolings=self.poolings,
            values=values,
            n_tokens=n_tokens,
            truncated=np.zeros(len(values), dtype=bool),
            binding=self.binding,
        )

    def start(self, hidden: Tensor) -> Any:
        """Note the time on the device of ``hidden``; `stop` adds what has passed since to `seconds`."""
        if not hidden.is_cuda:
            return time.perf_counter()
        import torch

        event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        event.record()
        return event

    def stop(self, started: Any) -> None:
        """End what `start` began."""
        if isinstance(started, float):
            self._seconds += time.perf_counter() - started
            return
        import torch

        event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        event.record()
        self._events.append((started, event))

    def values(self, index: int = -1) -> Float[np.ndarray, "rows sites poolings d"]:
        """Pooled activations of one forward (the latest when not named), float32, rows as in its batch.

        Raises `UsageError` when no forward has been run yet, or when it ended before the last site.
        """
        import torch

        read = self._forward(index)
        columns = [column for site in range(len(self.sites)) for column in read.pooled[site]]
        block: np.ndarray = torch.cat(columns, dim=1).cpu().numpy()
        return block.reshape(len(block), len(self.sites), len(self.poolings), -1)

    def _forward(self, index: int) -> Forward:
        if not self.forwards:
            raise UsageError("no forward was run inside the tap", do="with tap(...) as t: model.module(...)")
        read = self.forwards[index]
        if len(read.pooled) < len(self.sites):
            what = f"the forward reached {len(read.pooled)} of the {len(self.sites)} sites"
            raise UsageError(what, right="a forward that runs to its end")
        return read


@contextmanager
def tap(
    model: Model,
    sites: Sequence[Site | int],
    poolings: Pooling | Sequence[Pooling] = "mean",
    mask: Bool[np.ndarray, "rows t"] | torch.Tensor | None = None,
) -> Iterator[Tap]:
    """Within the block, every forward of this thread is read at the sites as it runs; it is not changed.

    ``mask`` marks the content tokens ``[rows, t]`` of the forward; without it every token counts, so give
    one where there is padding or where special tokens should stay out. It is used for forwards of its own
    shape; for others (the steps of a generation) every token counts. The cost is one small reduction per
    site and pooling. Raises `UsageError` for unknown sites and poolings.
    """
    kinds = check_poolings(poolings)
    wanted = tuple(model.check_site(site) for site in sites)
    given = _as_array(mask)
    prepared: dict[tuple[int, int], tuple[Reading, Tensor]] = {}
    if given is not None:
        prepared[given.shape] = _prepare(given, model.device)
    tapped = Tap(wanted, kinds, model.binding)

    def read(site: int, hidden: Tensor) -> None:
        started = tapped.start(hidden)
        if hidden.requires_grad:
            hidden = hidden.detach()
        hidden = hidden.float()
        if not tapped.forwards or site in tapped.forwards[-1].pooled:
            shape = (hidden.shape[0], hidden.shape[1])
            masked = prepared.get(shape) or _unmasked(*shape, model.device)
            tapped.forwards.append(Forward(*masked, {}))
        forward = tapped.forwards[-1]
        forward.pooled[site] = [forward.reading.pooled(hidden, kind, forward.counts) for kind in kinds]
        tapped.stop(started)

    with reading(model, wanted, read):
        yield tapped


@dataclass(frozen=True, eq=False)
class Decision:
    """Where reading one text ended: the site that decided (None: none did) and the vectors seen until then.

    ``vectors`` holds float32 ``[d]`` for each site reached, in order; ``n_tokens`` counts content tokens.
    """

    site: Site | None
    vectors: dict[Site, Float[np.ndarray, "d"]]
    n_tokens: int
    truncated: bool


def read_until(
    model: Model,
    text: Text,
    sites: Sequence[Site | int],
    decide: Callable[[Site, Float[np.ndarray, "d"]], bool],
    *,
    pooling: Pooling = "mean",
    system: str | None = None,
    template: bool = True,
    max_tokens: int | None = None,
) -> Decision:
    """Read one text site by site, from the input upwards, until ``decide(site, vector)`` says True.

    The layers above the deciding site are never computed. When no site decides, the forward ends after the
    last one. Meaning of content, ``last`` and truncation as in `capture`; a text without content tokens
    reaches no site. Raises `UsageError` as `capture` does.
    """
    (kind,) = check_poolings(pooling)
    wanted = tuple(model.check_site(site) for site in sites)
    (prompt,) = prepare(model, [text], system=system, template=template, max_tokens=max_tokens)
    n_tokens = int(prompt.content.sum())
    vectors: dict[Site, Float[np.ndarray, "d"]] = {}
    if prompt.last < 0:
        return Decision(None, vectors, n_tokens, prompt.truncated)
    row = Row(prompt.ids, prompt.content, (Reader(0, len(prompt), prompt.last),))
    (batch,) = make_batches(Group((row,), 0), len(prompt), filler(model))
    pooled = Reading(batch.rows, batch.content, batch.last, 1, model.device)
    counts = _counts(batch.content, model.device)
    decided: Site | None = None

    def read(site: int, hidden: Tensor) -> bool:
        nonlocal decided
        vector = finish(kind, pooled.pool(hidden, kind), counts)[0].cpu().numpy()
        vectors[wanted[site]] = vector
        if decide(wanted[site], vector):
            decided = wanted[site]
        return decided is not None or len(vectors) == len(wanted)

    with reading(model, wanted, read):
        forward(model, batch)
    return Decision(decided, vectors, n_tokens, prompt.truncated)


def _as_array(mask: Bool[np.ndarray, "rows t"] | torch.Tensor | None) -> np.ndarray | None:
    if mask is None:
        return None
    array = np.asarray(mask if isinstance(mask, np.ndarray) else mask.cpu().numpy()).astype(bool)
    if array.ndim != 2:
        what = f"a mask of shape {array.shape} does not fit"
        raise UsageError(what, right="rows x tokens, True for content")
    return array


@lru_cache(maxsize=64)
def _unmasked(rows: int, t: int, device: torch.device) -> tuple[Reading, Tensor]:
    """For forwards in which every token counts; kept, because their shapes come again and again."""
    return _prepare(np.ones((rows, t), dtype=bool), device)


def _prepare(mask: np.ndarray, device: torch.device) -> tuple[Reading, Tensor]:
    positions = np.where(mask, np.arange(mask.shape[1]), -1).max(axis=1)
    reading = Reading(np.arange(len(mask)), mask, positions, len(mask), device)
    return reading, _counts(mask, device)


def _counts(mask: np.ndarray, device: torch.device) -> Tensor:
    import torch

    return torch.from_numpy(mask.sum(axis=1)).to(device)
