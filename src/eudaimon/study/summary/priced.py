"""From the rows of costs to what each arm lost against the arm in which everything was kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from eudaimon.core import Score
from eudaimon.evaluate.cost.registry import cost_named
from eudaimon.evaluate.cost.run import COST
from eudaimon.evaluate.panels import limits_of, panels_by
from eudaimon.measure.hierarchical import SeededScore, contrast, hierarchical
from eudaimon.measure.multiplicity import holm
from eudaimon.measure.paired import equivalent_paired
from eudaimon.measure.panel import Panel
from eudaimon.study.cost_records import CostRow
from eudaimon.study.summary.attack_panels import of_one_design
from eudaimon.study.summary.compare import Tests, plain

if TYPE_CHECKING:
    from eudaimon.evaluate.rows import Row

Spent: TypeAlias = tuple[str, str, str]
"""Arm, cost, metric."""
STANDS = ("capability", "correct")
"""The cost and metric that capability is, where arms are set against each other."""


def cost_panels(rows: Iterable[Row], row_field: str) -> dict[Spent, Panel]:
    """One panel of seeds and questions for each arm, cost and metric."""

    def where(row: Row) -> Iterator[Spent]:
        yield str(row.cell[row_field]), str(row.cell[COST]), row.metric

    return {place: panel.shared() for place, panel in panels_by(rows, where).items()}


def capability(panels: Mapping[Spent, Panel]) -> dict[str, Panel]:
    """The panel of right answers of each arm."""
    return {arm: panel for (arm, *which), panel in panels.items() if tuple(which) == STANDS}


def cost_lines(
    panels: Mapping[Spent, Panel], arms: Sequence[str], reference: str, bound: float, tests: Tests
) -> tuple[CostRow, ...]:
    """Every metric of every cost in each arm, with its difference from ``reference``.

    The first metric of each cost is tested, Holm-adjusted over all arms and costs together. Shares and masses
    are also tested to lie within ``bound`` of the reference's.
    """
    # Metric by metric: resamples of one design are drawn once for all arms.
    which = dict.fromkeys((cost, metric) for _, cost, metric in panels)
    places = [(arm, cost, metric) for cost, metric in which for arm in arms if (arm, cost, metric) in panels]
    made = {place: _row(place, panels, reference, bound, tests) for place in places}
    rows = [made[place] for arm in arms for place in places if place[0] == arm]
    tested = [k for k, row in enumerate(rows) if row.p is not None]
    adjusted = holm([rows[k].p or 0.0 for k in tested]) if tested else ()
    for k, p in zip(tested, adjusted, strict=True):
        rows[k] = rows[k].model_copy(update={"p_holm": float(p)})
    return tuple(rows)


def _row(place: Spent, panels: Mapping[Spent, Panel], reference: str, bound: float, tests: Tests) -> CostRow:
    arm, cost, metric = place
    known = cost_named(cost).metric(metric)
    limits = limits_of(known.unit)
    own = panels[place]
    score = hierarchical(own, limits=limits, n_resamples=tests.n_resamples, seed=tests.seed)
    row = CostRow(
        row=arm,
        cost=cost,
        metric=metric,
        unit=known.unit,
        better=known.better,
        stands=metric == cost_named(cost).metrics[0].name,
        score=plain(score),
        n_seeds=score.n_seeds,
    )
    base = panels.get((reference, cost, metric))
    both = of_one_design({"own": own, "base": base}) if base is not None and arm != reference else {}
    if len(both) < 2:
        return row
    a, b = both["own"], both["base"]
    found = contrast(a, b, n_resamples=tests.n_resamples, seed=tests.seed)
    told: dict[str, object] = {"reference": reference, "difference": _of_questions(found.difference)}
    if row.stands:
        told["p"] = found.p
    if limits is not None and known.better:
        same = equivalent_paired(a, b, bound, n_resamples=tests.n_resamples, seed=tests.seed)
        told |= {"bound": bound, "p_equivalent": same.p}
    return row.model_copy(update=told)


def _of_questions(score: SeededScore) -> Score:
    return Score(value=score.value, low=score.low, high=score.high, n=score.n_questions)
