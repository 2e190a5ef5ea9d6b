"""What censuses found, as tables of CSV: groups of roles, and the training texts that carry them."""

from __future__ import annotations

from eudaimon.report.tables import Table, scored_table
from eudaimon.study.records import StudyRecord


def census_tables(record: StudyRecord) -> tuple[Table, ...]:
    """Both; nothing for a study without a census."""
    found = record.census
    if found is None:
        return ()
    return (
        scored_table(
            "census_groups",
            ("row", "roles", "persona", "n_found", "n_seeds"),
            [
                ((one.row, ", ".join(one.roles), one.persona, one.n_found, one.n_seeds), [one.distance])
                for one in found.found
            ],
            ("distance",),
        ),
        scored_table(
            "census_texts",
            ("row", "persona", "n_top", "n_texts", "n_seeds"),
            [
                ((one.row, one.persona, one.n_top, one.n_texts, one.n_seeds), [one.among_top, one.among_all])
                for one in found.carried
            ],
            ("among_top", "among_all"),
        ),
    )
