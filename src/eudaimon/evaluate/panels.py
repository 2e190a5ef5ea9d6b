"""Rows as panels of seeds and questions, and where the values of a unit can lie."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING, TypeVar

from eudaimon.measure.panel import Panel

if TYPE_CHECKING:
    from eudaimon.evaluate.rows import Row

Key = TypeVar("Key", bound=Hashable)
WITHIN_ONE = ("share", "mass", "AUROC")
"""Units of values that lie in [0, 1]."""


def panel_of(rows: Iterable[Row]) -> Panel:
    """One panel of the rows of one metric; samples of a question are averaged. Raises as `Panel.of`."""
    own = list(rows)
    return Panel.of([row.value for row in own], [row.seed for row in own], [row.question for row in own])


def panels_by(rows: Iterable[Row], keys: Callable[[Row], Iterable[Key]]) -> dict[Key, Panel]:
    """One panel for each key that ``keys`` names, in order of appearance; a row may stand in several or none.

    Nothing is checked of what is pooled under a key: `panels` does that.
    """
    found: defaultdict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        for key in keys(row):
            found[key].append(row)
    return {key: panel_of(own) for key, own in found.items()}


def limits_of(unit: str) -> tuple[float, float] | None:
    """The least and the largest value of a unit; None where it has none."""
    return (0.0, 1.0) if unit in WITHIN_ONE else None
