"""Two judges of the same answers as tables of CSV."""

from __future__ import annotations

from eudaimon.report.tables import Table, scored_table
from eudaimon.study.records import StudyRecord

CELLS = ("row", "column", "n_answers", "both", "first_only", "second_only")


def judge_tables(record: StudyRecord) -> tuple[Table, ...]:
    """Agreement by metric, disagreements by cell, verdicts by judge; nothing without a second judge."""
    found = record.two_judges
    if found is None:
        return ()
    return (
        scored_table(
            "judges",
            ("metric", "statistic", "n_answers", "first_mean", "second_mean"),
            [((a.metric, a.statistic, a.n_answers, a.first, a.second), [a.value]) for a in found.agreements],
            ("agreement",),
        ),
        Table(
            "judge_cells", CELLS, tuple(tuple(getattr(one, name) for name in CELLS) for one in found.cells)
        ),
        scored_table(
            "judge_verdicts",
            ("name", "verdict", "first", "second"),
            [
                (
                    (one.name, one.verdict, one.first, one.second),
                    [one.first_difference, one.second_difference],
                )
                for one in found.verdicts
            ],
            ("first_difference", "second_difference"),
        ),
    )
