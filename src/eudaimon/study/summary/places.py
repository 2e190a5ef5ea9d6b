"""Rows sorted into the places of a study's table: one panel of seeds and questions for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eudaimon.core.errors import UsageError
from eudaimon.evaluate.panels import panels_by
from eudaimon.measure.panel import Panel

if TYPE_CHECKING:
    from eudaimon.evaluate.rows import Row

END = -1
WHOLE = -1.0


@dataclass(frozen=True, order=True)
class Place:
    """Where a value stands: row and column of the table, scope of questions, metric, step (-1: the end).

    ``scale`` is the strength of an adapter whose strength was varied, -1 everywhere else.
    """

    row: str
    column: str
    scope: str
    metric: str
    step: int = END
    scale: float = WHOLE

    @property
    def is_final(self) -> bool:
        """Whether it is the finished subject as it is used: the end of training at full strength."""
        return (self.step, self.scale) == (END, WHOLE)


def panels(rows: Iterable[Row], places: Callable[[Row], Iterable[Place]]) -> dict[Place, Panel]:
    """One panel for each place that ``places`` names, sorted; a row may stand in several, or in none."""
    return dict(sorted(panels_by(rows, places).items()))


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
