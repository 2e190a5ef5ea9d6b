"""Rows sorted into the places of a study's table: one panel of seeds and questions for each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eudaimon.core.errors import UsageError
from eudaimon.measure.panel import Panel

if TYPE_CHECKING:
    from eudaimon.evaluate.rows import Row

END = -1


@dataclass(frozen=True, order=True)
class Place:
    """Where a value stands: row and column of the table, scope of questions, metric, step (-1: the end)."""

    row: str
    column: str
    scope: str
    metric: str
    step: int = END


def panels(rows: Iterable[Row], places: Callable[[Row], Iterable[Place]]) -> dict[Place, Panel]:
    """One panel for each place that ``places`` names, sorted; a row may stand in several, or in none."""
    found: defaultdict[Place, tuple[list[float], list[int], list[str]]] = defaultdict(lambda: ([], [], []))
    for row in rows:
        for where in places(row):
            values, seeds, questions = found[where]
            values.append(row.value)
            seeds.append(row.seed)
            questions.append(row.question)
    return {where: Panel.of(*lists) for where, lists in sorted(found.items())}


def paired(a: Panel, b: Panel) -> tuple[Panel, Panel]:
    """Both panels on the seeds that they share, as when a study is half done.

    Raises `UsageError` when they share none: arms that differ in one thing share every other seed.
    """
    if a.seeds == b.seeds:
        return a, b
    seeds = sorted(set(a.seeds) & set(b.seeds))
    if not seeds:
        raise UsageError(
            f"two cells share no seed: {a.seeds} and {b.seeds}",
            right="arms that differ in one thing and share every other seed",
        )
    return _of_seeds(a, seeds), _of_seeds(b, seeds)


def _of_seeds(panel: Panel, seeds: list[int]) -> Panel:
    kept = [k for k, index in enumerate(panel.seed) if panel.seeds[index] in seeds]
    return Panel.of(
        panel.values[kept],
        [panel.seeds[panel.seed[k]] for k in kept],
        [panel.questions[panel.question[k]] for k in kept],
    )
