"""The tables of a study as CSV, and the final table as rows of text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from eudaimon.core import Score
from eudaimon.report.study.census_tables import census_tables
from eudaimon.report.study.change_tables import change_tables
from eudaimon.report.study.judge_tables import judge_tables
from eudaimon.report.study.probes import probe_tables
from eudaimon.report.study.reactivation_tables import reactivation_tables
from eudaimon.report.study.reading import cell
from eudaimon.report.study.transfer_tables import transfer_tables
from eudaimon.report.tables import Table, scored_table
from eudaimon.report.words import MINUS, RATES, SPACE, with_interval
from eudaimon.study.records import StudyRecord, TownMonitors

ASCII = str.maketrans({MINUS: "-", SPACE: " ", "–": "-", "≥": ">=", "≤": "<="})
HYPOTHESES = (
    "name",
    "verdict",
    "row",
    "reference",
    "column",
    "metric",
    "direction",
    "bound",
    "p",
    "p_holm",
    "n_tests",
    "p_equivalent",
)
COSTS = ("name", "n", "seconds", "n_tokens")


def table_rows(record: StudyRecord, metric: str = "", scope: str = "") -> list[tuple[str, ...]]:
    """The header, then one row for each row of the table: value and 95 % interval in each column, in ASCII.

    Rates are in whole per cent, without the sign. A cell that was not measured is a hyphen; all rows are
    equally long.
    """
    wanted = metric or record.primary
    header = ("", *(column.title for column in record.columns))
    body = []
    for row in record.rows:
        found = (cell(record, row.key, column.key, wanted, scope) for column in record.columns)
        body.append((row.title, *(_short(entry.score if entry else None, wanted) for entry in found)))
    return [tuple(text.translate(ASCII) for text in line) for line in (header, *body)]


def _short(score: Score | None, metric: str) -> str:
    if score is None or metric not in RATES:
        return with_interval(score, metric)
    value, *ends = (f"{100 * end:.0f}" for end in (score.value, score.low, score.high) if end is not None)
    return f"{value} [{', '.join(ends)}]" if ends else value


def study_tables(record: StudyRecord) -> tuple[Table, ...]:
    """All tables of a study, each name begun with the study's; those of parts that it lacks have no rows."""
    place = ("row", "column", "scope", "metric")
    compared = ("row", "reference", "column", "scope", "metric", "n_seeds")
    found = (
        scored_table(
            "cells",
            (*place, "n_seeds"),
            [((c.row, c.column, c.scope, c.metric, c.n_seeds), [c.score]) for c in record.cells],
            ("",),
        ),
        scored_table(
            "contrasts",
            (*compared, "p", "p_holm"),
            [((*_fields(c, compared), c.p, c.p_holm), [c.difference]) for c in record.contrasts],
            ("difference",),
        ),
        scored_table(
            "equivalence",
            (*compared, "bound", "p", "equivalent"),
            [
                ((*_fields(e, compared), e.bound, e.p, e.equivalent), [e.difference])
                for e in record.equivalences
            ],
            ("difference",),
        ),
        scored_table(
            "curves",
            (*place, "step"),
            [((*_fields(c, place), p.step), [p.score]) for c in record.curves for p in c.points],
            ("",),
        ),
        *change_tables(record),
        scored_table(
            "hypotheses",
            (*HYPOTHESES, "reasons"),
            [((*_fields(h, HYPOTHESES), " ".join(h.reasons)), [h.difference]) for h in record.hypotheses],
            ("difference",),
        ),
        scored_table(
            "known_answers",
            ("key", "claim", "n_seeds", "passed"),
            [((a.key, a.claim, a.n_seeds, a.passed), [a.measured]) for a in record.known_answers],
            ("measured",),
        ),
        *transfer_tables(record),
        *judge_tables(record),
        *probe_tables(record),
        *reactivation_tables(record),
        *census_tables(record),
        *_monitors(record),
        Table("costs", COSTS, tuple(_fields(cost, COSTS) for cost in record.costs)),
    )
    return tuple(replace(table, name=f"{record.study}-{table.name}") for table in found)


def _monitors(record: StudyRecord) -> tuple[Table, ...]:
    monitors = record.monitors or TownMonitors()
    fields = ("method", "made_from", "model", "layer", "target")
    return (
        scored_table(
            "directions", fields, [(_fields(r, fields), [r.auroc]) for r in monitors.rows], ("auroc",)
        ),
        scored_table(
            "town_sweep", fields, [(_fields(r, fields), [r.auroc]) for r in monitors.sweep], ("auroc",)
        ),
        scored_table(
            "projections",
            ("run", "step"),
            [((p.run, p.step), [p.score]) for p in monitors.projections],
            ("projection",),
        ),
    )


def _fields(entry: Any, names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(getattr(entry, name) for name in names)
