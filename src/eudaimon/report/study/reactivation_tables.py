"""What attacks came to, as tables of CSV: doses, survival, contrasts of times, worst cases, monitors."""

from __future__ import annotations

from eudaimon.report.tables import Table, scored_table
from eudaimon.study.records import StudyRecord


def reactivation_tables(record: StudyRecord) -> tuple[Table, ...]:
    """All of it; nothing for a study without attacks."""
    found = record.reactivation
    if found is None:
        return ()
    return (
        scored_table(
            "doses",
            ("row", "column", "budget"),
            [
                ((dose.row, dose.column, point.budget), [point.harm, point.coherence])
                for dose in found.doses
                for point in dose.points
            ],
            ("harm", "coherence"),
        ),
        scored_table(
            "survival",
            ("row", "column", "budget", "n_seeds"),
            [
                ((row.row, row.column, point.budget, row.n_seeds), [point.share])
                for row in found.survival
                for point in row.points
            ],
            ("share",),
        ),
        scored_table(
            "worst",
            ("row", "which", "bias", "n_attacks", "n_seeds"),
            [((r.row, r.which, r.bias, r.n_attacks, r.n_seeds), [r.mean, r.worst]) for r in found.worst],
            ("mean", "worst"),
        ),
        scored_table(
            "watched",
            ("row", "column", "budget", "what", "n_seeds"),
            [
                ((one.row, one.column, one.budget, one.what, one.n_seeds), [one.score])
                for one in found.watched
            ],
            ("score",),
        ),
        scored_table(
            "fronts",
            ("harm", "row", "on_front", "probability"),
            [
                ((front.key, point.row, point.on_front, point.probability), [point.x, point.y])
                for front in found.fronts
                for point in front.points
            ],
            ("capability", "harm"),
        ),
        scored_table(
            "safety_costs",
            COSTS,
            [
                (tuple(getattr(one, name) for name in COSTS), [one.score, one.difference])
                for one in found.costs
            ],
            ("", "difference"),
        ),
        scored_table(
            "unjudged",
            ("row", "metric", "unit", "n_seeds"),
            [((one.row, one.metric, one.unit, one.n_seeds), [one.score]) for one in found.unjudged],
            ("",),
        ),
        Table(
            "half_doses",
            HALF,
            tuple(tuple(getattr(one, name) for name in HALF) for one in found.half_doses),
        ),
        Table(
            "times",
            TIMES,
            tuple(tuple(getattr(one, name) for name in TIMES) for one in found.times),
        ),
    )


COSTS = (
    "row",
    "cost",
    "metric",
    "unit",
    "better",
    "n_seeds",
    "reference",
    "p",
    "p_holm",
    "bound",
    "p_equivalent",
)
HALF = (
    "row",
    "column",
    "dose",
    "low",
    "high",
    "reached",
    "most",
    "last",
    "level",
    "floor",
    "n",
    "n_seeds",
    "note",
)
TIMES = (
    "row",
    "reference",
    "column",
    "primary",
    "ratio",
    "low",
    "high",
    "p",
    "p_holm",
    "p_logrank",
    "p_swapped",
    "p_least",
    "observed",
    "expected",
    "n_seeds",
    "note",
)
