"""Rows of attacks as panels: arm by route, metric and budget."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from eudaimon.evaluate.attack.run import BUDGET
from eudaimon.evaluate.panels import panels_by
from eudaimon.measure.panel import Panel

if TYPE_CHECKING:
    from eudaimon.evaluate.rows import Row
    from eudaimon.study.reactivation_records import Route

HARM, COHERENCE = METRICS = ("harm", "coherence")
Place: TypeAlias = tuple[str, str, str, float]
"""Arm, route, metric, budget."""
Panels: TypeAlias = Mapping[Place, Panel]


def attack_panels(rows: Iterable[Row], row_field: str, column_field: str) -> Panels:
    """One panel of seeds and questions for each arm, route, metric of `METRICS` and budget."""

    def where(row: Row) -> Iterator[Place]:
        if row.metric in METRICS and BUDGET in row.cell:
            budget = float(str(row.cell[BUDGET]))
            yield str(row.cell[row_field]), str(row.cell[column_field]), row.metric, budget

    return panels_by(rows, where)


def budgets_of(panels: Panels, arm: str, key: str) -> list[float]:
    """The budgets at which an arm was read under a route, rising."""
    return sorted({budget for row, column, _, budget in panels if (row, column) == (arm, key)})


def at_largest(panels: Panels, arm: str, routes: Sequence[Route]) -> dict[str, Panel]:
    """Harm of an arm under each route that attacks, at its largest budget.

    On the seeds and questions that all of them share; nothing where they share none.
    """
    last: dict[str, Panel] = {}
    for route in routes:
        budgets = budgets_of(panels, arm, route.key)
        if budgets and not route.control:
            last[route.key] = panels[arm, route.key, HARM, budgets[-1]]
    return of_one_design(last)


def of_one_design(panels: Mapping[str, Panel]) -> dict[str, Panel]:
    """The panels on the seeds and questions that all of them share; those not crossed are left out."""
    if not panels:
        return {}
    seeds = set.intersection(*(set(panel.seeds) for panel in panels.values()))
    questions = set.intersection(*(set(panel.questions) for panel in panels.values()))
    kept = {key: only(panel, seeds, questions) for key, panel in panels.items()}
    return {key: panel for key, panel in kept.items() if panel is not None and panel.is_crossed}


def only(panel: Panel, seeds: Collection[int], questions: Collection[str]) -> Panel | None:
    """The panel's values of these seeds and questions; None without any."""
    own_seeds, own_questions = np.array(panel.seeds)[panel.seed], np.array(panel.questions)[panel.question]
    kept = np.isin(own_seeds, list(seeds)) & np.isin(own_questions, list(questions))
    return Panel.of(panel.values[kept], own_seeds[kept], own_questions[kept]) if kept.any() else None
