"""One progress helper: a bar on a terminal, a line every 30 s elsewhere, nothing when it is quick."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

QUIET_SECONDS = 2.0
LINE_SECONDS = 30.0


class Advance(Protocol):
    """Say that ``n`` more units are done."""

    def __call__(self, n: int = 1, note: str = "") -> None:
        """Count ``n`` more units; the ``note`` stands behind the rate from now on."""


@contextmanager
def progress(label: str, total: int, unit: str = "items", *, enabled: bool = True) -> Iterator[Advance]:
    """A function to call as work gets done; shows rate and time left on standard error.

    Nothing is shown before two seconds have passed, so that quick work stays silent.
    """
    if not enabled:
        yield lambda n=1, note="": None
    elif sys.stderr.isatty():
        yield from _bar(label, total, unit)
    else:
        yield from _lines(label, total, unit)


def _bar(label: str, total: int, unit: str) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,}/{task.total:,} {task.fields[unit]} {task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    started = time.monotonic()
    bar = Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=True)
    task = bar.add_task(label, total=total, unit=unit, rate="")
    done, shown = 0, False

    def advance(n: int = 1, note: str = "") -> None:
        nonlocal done, shown
        done += n
        elapsed = time.monotonic() - started
        bar.update(task, advance=n, rate=", ".join(filter(None, (_rate(done, elapsed), note))))
        if not shown and elapsed > QUIET_SECONDS:
            bar.start()
            shown = True

    try:
        yield advance
    finally:
        if shown:
            bar.stop()


def _lines(label: str, total: int, unit: str) -> Iterator[Advance]:
    started = last = time.monotonic()
    done = 0

    def advance(n: int = 1, note: str = "") -> None:
        nonlocal done, last
        done += n
        now = time.monotonic()
        if now - last >= LINE_SECONDS:
            last = now
            elapsed = now - started
            left = elapsed / max(done, 1) * max(total - done, 0)
            rate = ", ".join(filter(None, (_rate(done, elapsed), note)))
            print(
                f"{label}: {done:,}/{total:,} {unit}, {rate}, {left:.0f} s left",
                file=sys.stderr,
                flush=True,
            )

    yield advance


def _rate(done: int, seconds: float) -> str:
    return f"{done / seconds:,.0f}/s" if seconds > 0 else ""
