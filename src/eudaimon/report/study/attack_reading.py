"""Which figures a study of attacks has: its routes grouped by attack, its fronts, and their names."""

from __future__ import annotations

from dataclasses import dataclass

from eudaimon.report.words import number
from eudaimon.study.cost_records import CostRow, Front
from eudaimon.study.reactivation_records import Route, UnjudgedRow
from eudaimon.study.records import StudyRecord

MOST = 1000
"""Times the budget, beyond which a ratio of times rests on its law alone."""


@dataclass(frozen=True)
class Group:
    """The variants of one attack; ``doses`` and ``survival`` are the names of its figures."""

    title: str
    doses: str
    survival: str
    routes: tuple[Route, ...]
    primary: bool


def groups(record: StudyRecord) -> tuple[Group, ...]:
    """The attacks of a study, those of its primary contrasts first; none without attacks."""
    found = record.reactivation
    if found is None:
        return ()
    stated = {one.column for one in found.times if one.primary}
    by_attack: dict[str, list[Route]] = {}
    for route in found.routes:
        by_attack.setdefault(route.attack or route.title, []).append(route)
    # Numbered: what an attack is called may be no name for a file.
    made = [
        Group(title, f"doses-{k}", f"survival-{k}", tuple(routes), any(r.key in stated for r in routes))
        for k, (title, routes) in enumerate(by_attack.items(), start=1)
    ]
    return tuple(sorted(made, key=lambda group: not group.primary))


def fronts(record: StudyRecord) -> tuple[tuple[str, Front], ...]:
    """Each front with the name of its figure."""
    found = record.reactivation
    return tuple((f"front-{front.key}", front) for front in (found.fronts if found else ()))


def standing(record: StudyRecord) -> tuple[tuple[str, str, str, str], ...]:
    """Cost, metric, unit and better direction of the metric that stands for each cost, in order."""
    found = record.reactivation
    rows = [row for row in (found.costs if found else ()) if row.stands]
    return tuple(dict.fromkeys((row.cost, row.metric, row.unit, row.better) for row in rows))


def cost_of(record: StudyRecord, row: str, cost: str, metric: str) -> CostRow | None:
    """What an arm has of a metric; None where it was not read."""
    found = record.reactivation
    rows = found.costs if found else ()
    return next((one for one in rows if (one.row, one.cost, one.metric) == (row, cost, metric)), None)


def unjudged_of(record: StudyRecord, row: str, metric: str) -> UnjudgedRow | None:
    """What an arm tells without a judge; None where it was not read."""
    found = record.reactivation
    rows = found.unjudged if found else ()
    return next((one for one in rows if (one.row, one.metric) == (row, metric)), None)


def times(ratio: float | None) -> str:
    """How many times a budget, with two decimals; beyond a thousand either way only that."""
    if ratio is None:
        return "–"
    return f"> {MOST}" if ratio > MOST else f"< 1/{MOST}" if ratio < 1 / MOST else number(ratio, 2)
