"""How long steps are expected to take: their own hints, corrected by those that have been measured."""

from __future__ import annotations

from statistics import median

from eudaimon.study.graph import Graph
from eudaimon.study.store import StepStore


def expected_seconds(graph: Graph, store: StepStore) -> dict[str, float]:
    """Seconds of each step on one worker: measured where it is done, else its hint times its kind's factor.

    The factor is the median of measured over hinted seconds among the kind's finished steps, 1 without any.
    """
    hints = {key: max(step.cost().seconds, 0.01) for key, step in graph.steps.items()}
    measured = {key: seconds for key in graph.steps if (seconds := store.seconds(key)) is not None}
    ratios: dict[str, list[float]] = {}
    for key, seconds in measured.items():
        ratios.setdefault(kind(graph, key), []).append(max(seconds, 0.01) / hints[key])
    factors = {name: median(found) for name, found in ratios.items()}
    return {key: measured.get(key, hint * factors.get(kind(graph, key), 1.0)) for key, hint in hints.items()}


def kind(graph: Graph, key: str) -> str:
    """The name of a step's class."""
    return type(graph.steps[key]).__name__
