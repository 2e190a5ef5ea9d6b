"""What a study will take, before anything runs."""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from eudaimon.study.expectation import expected_seconds, kind
from eudaimon.study.graph import Graph
from eudaimon.study.step import Step
from eudaimon.study.store import StepStore


@dataclass(frozen=True)
class PlanRow:
    """The steps of one kind: how many, how many are done, and what the others will take."""

    kind: str
    n_steps: int
    n_done: int
    n_to_do: int
    n_tokens: int
    memory_gb: float
    """Of one step on its host, the largest."""
    gpus: int
    """Of one step, the most."""
    disk_gb: float
    hours: float
    """On one worker."""


@dataclass(frozen=True)
class Plan:
    """One row a kind of step, in the order of work, and the whole: targets, memory, hours of ``workers``."""

    rows: tuple[PlanRow, ...]
    n_targets: int
    workers: int
    memory_gb: float
    """With all workers at work on the largest steps."""
    hours: float

    @property
    def disk_gb(self) -> float:
        """What the steps to do will write, in gigabytes."""
        return sum(row.disk_gb for row in self.rows)


def plan(targets: Iterable[Step], folder: str | Path, *, workers: int | None = None) -> Plan:
    """What the targets still take in ``folder``, from the steps' hints and from what was measured there.

    Hours are those of a simulated run: ready steps go to free workers, the longest chains first.
    """
    graph, store = Graph(targets), StepStore(folder)
    workers = workers or len(os.sched_getaffinity(0))
    done = {key for key in graph.steps if store.done(key)}
    needed = graph.needed(done)
    seconds = expected_seconds(graph, store)
    kinds = dict.fromkeys(kind(graph, key) for key in graph.steps)
    rows = tuple(_row(name, graph, done, needed, seconds) for name in kinds)
    largest = sorted((graph.steps[key].cost().memory_gb for key in needed), reverse=True)[:workers]
    hours = _simulated(graph, needed, seconds, workers) / 3600
    return Plan(rows, len(graph.targets), workers, sum(largest), hours)


def _row(name: str, graph: Graph, done: set[str], needed: set[str], seconds: dict[str, float]) -> PlanRow:
    keys = [key for key in graph.steps if kind(graph, key) == name]
    to_do = [key for key in keys if key in needed]
    costs = [graph.steps[key].cost() for key in to_do]
    return PlanRow(
        name,
        len(keys),
        sum(key in done for key in keys),
        len(to_do),
        sum(cost.n_tokens for cost in costs),
        max((cost.memory_gb for cost in costs), default=0.0),
        max((cost.gpus for cost in costs), default=0),
        sum(cost.disk_mb for cost in costs) / 1000,
        sum(seconds[key] for key in to_do) / 3600,
    )


def _simulated(graph: Graph, needed: set[str], seconds: dict[str, float], workers: int) -> float:
    """Seconds until the last of ``needed`` ends, with each worker on one step at a time."""
    urgency = graph.path_seconds(seconds)
    missing = {key: len(graph.inputs[key] & needed) for key in needed}
    ready = [(-urgency[key], key) for key, count in missing.items() if not count]
    heapq.heapify(ready)
    running: list[tuple[float, str]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < workers:
            _, key = heapq.heappop(ready)
            heapq.heappush(running, (now + seconds[key], key))
        now, ended = heapq.heappop(running)
        for key in graph.dependants[ended] & needed:
            missing[key] -= 1
            if not missing[key]:
                heapq.heappush(ready, (-urgency[key], key))
    return now
