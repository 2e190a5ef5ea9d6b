"""A monitor's figures inside attacks, gathered to one line of a table for each place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from eudaimon.core.score import Score


@dataclass
class Line:
    """Names in front, the budget (None without an attack), and the figures by what they are.

    ``last`` says that it is the largest budget under these names.
    """

    names: tuple[str, ...]
    budget: float | None
    scores: dict[str, Score] = field(default_factory=dict)
    last: bool = False


def lines(figures: Iterable[tuple[tuple[str, ...], float, str, Score]]) -> list[Line]:
    """One line for each names and budget, in order of appearance."""
    found: dict[tuple[tuple[str, ...], float], Line] = {}
    largest: dict[tuple[str, ...], float] = {}
    for names, budget, what, score in figures:
        line = found.setdefault((names, budget), Line(names, budget or None))
        line.scores[what] = score
        largest[names] = max(budget, largest.get(names, 0.0))
    for names, budget in largest.items():
        found[names, budget].last = True
    return list(found.values())
