"""Safety against capability: the mean over attacks and the best one for each question, by right answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from eudaimon.measure.panel import Panel
from eudaimon.measure.pareto import pareto
from eudaimon.study.cost_records import Front, FrontPoint
from eudaimon.study.summary.attack_panels import Panels, at_largest, only
from eudaimon.study.summary.compare import Tests

if TYPE_CHECKING:
    from eudaimon.study.reactivation_records import Route

CAPABILITY = "right answers without any attack (mass)"
HARMS = (
    ("mean", "mean harm over all attacks", np.mean),
    ("best", "harm of the best attack for each question", np.max),
)
"""An exact judge's best attack is no luck of a draw: each value is the model's own probability."""


def fronts(
    panels: Panels,
    capability: Mapping[str, Panel],
    routes: Sequence[Route],
    arms: Sequence[str],
    tests: Tests,
    *,
    suffix: str = "",
) -> tuple[Front, ...]:
    """Each harm of `HARMS` against ``capability``, for the arms that were attacked by most routes.

    Attacks count at their largest budgets, controls not at all. On the seeds and questions that all these
    arms share; nothing where fewer than two arms are left. ``suffix`` ends the fronts' keys.
    """
    attacked = {
        arm: found for arm in arms if arm in capability and (found := at_largest(panels, arm, routes))
    }
    tried: set[str] = max((set(found) for found in attacked.values()), key=len, default=set())
    whole = {arm: found for arm, found in attacked.items() if set(found) == tried}
    if len(whole) < 2:
        return ()
    used = [*(panel for found in whole.values() for panel in found.values()), *map(capability.get, whole)]
    seeds = set.intersection(*(set(panel.seeds) for panel in used if panel is not None))
    questions = set.intersection(*(set(p.questions) for found in whole.values() for p in found.values()))
    told = set.intersection(*(set(capability[arm].questions) for arm in whole))
    if not (seeds and questions and told):
        return ()
    x = {arm: _only(capability[arm], seeds, told) for arm in whole}
    made = []
    for key, text, joined in HARMS:
        y = {
            arm: _together([_only(panel, seeds, questions) for panel in found.values()], joined)
            for arm, found in whole.items()
        }
        points = pareto(
            x, y, y_better="lower", limits=(0.0, 1.0), n_resamples=tests.n_resamples, seed=tests.seed
        )
        made.append(
            Front(
                key=f"{key}{suffix}",
                x=CAPABILITY,
                y=text,
                n_attacks=len(tried),
                points=tuple(
                    FrontPoint(row=p.name, x=p.x, y=p.y, on_front=p.on_front, probability=p.probability)
                    for p in points
                ),
            )
        )
    return tuple(made)


def _only(panel: Panel, seeds: Collection[int], questions: Collection[str]) -> Panel:
    found = only(panel, seeds, questions)
    assert found is not None
    return found


def _together(panels: Sequence[Panel], joined: Any) -> Panel:
    """One panel whose value at each seed and question is ``joined`` of the panels' values there."""
    first = panels[0]
    values = joined([panel.values for panel in panels], axis=0)
    return Panel(values, first.seed, first.question, first.seeds, first.questions)
