"""Whether the cells of a study's table were asked the same mixture of questions."""

from __future__ import annotations

from collections.abc import Mapping

from eudaimon.measure.balance import balance
from eudaimon.measure.panel import Panel
from eudaimon.study.summary.places import Place


def mixture_notes(found: Mapping[Place, Panel], metric: str, scope: str) -> tuple[str, ...]:
    """A warning when the finished cells' mixtures of questions differ, so that their means do not compare.

    Nothing for a balanced table. What `measure.balance` says; a question is a stratum.
    """
    values: list[float] = []
    arms: list[str] = []
    strata: list[str] = []
    for place, panel in found.items():
        if (place.metric, place.scope) == (metric, scope) and place.is_final:
            values += panel.values.tolist()
            arms += [f"{place.row}, {place.column}"] * len(panel)
            strata += [panel.questions[index] for index in panel.question]
    if not values:
        return ()
    made = balance(values, arms, strata)
    if made.is_balanced:
        return ()
    return (f"The table is unbalanced, and its cells do not compare: {made.reason()}.",)
