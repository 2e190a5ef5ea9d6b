"""The tables behind a study's phase transitions, as CSV."""

from __future__ import annotations

from collections.abc import Iterator

from eudaimon.report.tables import Table, scored_table
from eudaimon.study.records import StudyRecord

TURN_HEADER = ("row", "column", "module", "seed", "lag", "at", "depth", "p", "p_all", "n_permutations")


def change_tables(record: StudyRecord) -> Iterator[Table]:
    """Change points, their differences, curves by strength and by loss, and turns of the weights."""
    yield scored_table(
        "transitions",
        ("row", "column", "unit", "seeds_without"),
        [
            ((t.row, t.column, t.unit, len(t.without)), [t.onset, t.midpoint, t.end, t.rise])
            for t in record.transitions
        ],
        ("onset", "midpoint", "end", "rise"),
    )
    yield scored_table(
        "transition_differences",
        ("row", "reference", "column", "unit", "n_seeds", "p", "p_holm"),
        [
            ((d.row, d.reference, d.column, d.unit, d.n_seeds, d.p, d.p_holm), [d.difference])
            for d in record.transition_differences
        ],
        ("difference",),
    )
    yield scored_table(
        "along",
        ("row", "column", "scope", "metric", "axis", "at"),
        [
            ((c.row, c.column, c.scope, c.metric, c.axis, point.at), [point.score])
            for c in record.along
            for point in c.points
        ],
        ("",),
    )
    rows = (
        (t.row, t.column, t.module, t.seed, lag, t.at[k], t.depth[k], t.p[k], t.p_all, t.n_permutations)
        for t in record.turns
        for k, lag in enumerate(t.lags)
    )
    yield Table("turns", TURN_HEADER, tuple(rows))
