"""How far a study is: from its folder only, while it runs or afterwards."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from eudaimon.jobs.failure import failure, last_lines
from eudaimon.jobs.lock import Holder, holder
from eudaimon.study.expectation import expected_seconds, kind
from eudaimon.study.graph import Graph
from eudaimon.study.run import RUN_LOCK
from eudaimon.study.step import Step
from eudaimon.study.store import StepStore


@dataclass(frozen=True)
class StatusRow:
    """The steps of one kind, counted.

    ``seconds`` is the median of those that are done, None without any, ``seconds_spent`` their sum.
    """

    kind: str
    n_steps: int
    n_done: int
    n_running: int
    n_failed: int
    n_blocked: int
    n_to_do: int
    seconds: float | None
    seconds_spent: float
    seconds_left: float
    """Of work on one worker."""


@dataclass(frozen=True)
class Running:
    """A step under way: where, for how long, and the last line of its log."""

    key: str
    where: str
    seconds: float
    line: str


@dataclass(frozen=True)
class Status:
    """One row a kind of step, the steps under way, why the failed ones failed, who drives, if anybody."""

    rows: tuple[StatusRow, ...]
    running: tuple[Running, ...]
    failed: dict[str, str]
    driver: Holder | None

    @property
    def seconds_left(self) -> float:
        """Expected wall seconds with as many workers as are at work now, one without any."""
        return sum(row.seconds_left for row in self.rows) / max(1, len(self.running))


def status(targets: Iterable[Step], folder: str | Path) -> Status:
    """How far the targets are in ``folder``; changes nothing and may be asked at any time."""
    graph, store = Graph(targets), StepStore(folder)
    done = {key for key in graph.steps if store.done(key)}
    needed = [key for key in graph.steps if key in graph.needed(done)]
    held = {key: found for key in needed if (found := holder(store.lock(key)))}
    failed = {key: why for key in needed if key not in held and (why := failure(store.folder, key))}
    blocked = graph.below(failed) - done
    seconds, now = expected_seconds(graph, store), time.time()
    rows = []
    for name in dict.fromkeys(kind(graph, key) for key in graph.steps):
        keys = {key for key in graph.steps if kind(graph, key) == name}
        open_steps = keys & set(needed)
        measured = [took for key in keys & done if (took := store.seconds(key)) is not None]
        left = sum(
            max(0.0, seconds[key] - (now - held[key].since if key in held else 0.0)) for key in open_steps
        )
        n_done, n_running, n_failed, n_blocked = (
            len(keys & group) for group in (done, set(held), set(failed), blocked)
        )
        n_to_do = len(open_steps - set(held) - set(failed) - blocked)
        each = median(measured) if measured else None
        rows.append(
            StatusRow(
                name, len(keys), n_done, n_running, n_failed, n_blocked, n_to_do, each, sum(measured), left
            )
        )
    running = tuple(
        Running(key, str(who), now - who.since, "".join(last_lines(store.log(key), 1)))
        for key, who in held.items()
    )
    return Status(tuple(rows), running, failed, holder(store.folder / RUN_LOCK))
