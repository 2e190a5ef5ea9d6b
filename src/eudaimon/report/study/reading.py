"""Which parts of a study's record answer which question: selections and orders, no new figures."""

from __future__ import annotations

from collections.abc import Sequence

from eudaimon.report.evaluation.watched import Line, lines
from eudaimon.report.words import visible
from eudaimon.study.records import (
    AxisCurve,
    Cell,
    Contrast,
    Curve,
    EquivalenceRow,
    StudyRecord,
    TransitionDifference,
    TransitionRow,
    TurnRow,
)

GATES = ("off", "on")
IN_DOMAIN = "in_domain_loss"


def cell(record: StudyRecord, row: str, column: str, metric: str = "", scope: str = "") -> Cell | None:
    """The stored cell, by default of the main metric and scope; one with scope ``all`` stands in for it."""
    wanted = metric or record.primary
    for place in (scope or record.scope, "all"):
        for entry in record.cells:
            if (entry.row, entry.column, entry.metric, entry.scope) == (row, column, wanted, place):
                return entry
    return None


def title(record: StudyRecord, key: str) -> str:
    """The readable name of a row or column."""
    found = (name.title for name in (*record.rows, *record.columns) if name.key == key)
    return next(found, visible(key.replace("_", " ")))


def watched_lines(record: StudyRecord) -> list[Line]:
    """What the monitors inside the attacks came to, a line for each arm, attack and budget."""
    found = record.reactivation.watched if record.reactivation else ()
    return lines(
        ((title(record, one.row), title(record, one.column)), one.budget, one.what, one.score)
        for one in found
    )


def references(record: StudyRecord) -> tuple[str, ...]:
    """The rows that others are compared with, in the order of the tests."""
    return tuple(dict.fromkeys(entry.reference for entry in record.contrasts))


def compared(record: StudyRecord) -> tuple[str, ...]:
    """The columns that contrasts exist for, in the order of the table."""
    known = {entry.column for entry in record.contrasts}
    return tuple(column.key for column in record.columns if column.key in known)


def contrasts(record: StudyRecord, column: str, row: str) -> tuple[Contrast | None, ...]:
    """The contrasts of a row in a column, one for each reference; None for the reference itself."""
    found = {
        entry.reference: entry for entry in record.contrasts if entry.column == column and entry.row == row
    }
    return tuple(found.get(reference) for reference in references(record))


def equivalences(record: StudyRecord) -> tuple[EquivalenceRow, ...]:
    """The equivalence tests in the order of the table's rows."""
    order = {name.key: index for index, name in enumerate(record.rows)}
    return tuple(
        sorted(record.equivalences, key=lambda e: (e.metric, e.column, e.reference, order.get(e.row, 99)))
    )


def curves(record: StudyRecord, metric: str, scope: str = "") -> tuple[Curve, ...]:
    """The curves of a metric, in the order of the table's rows and columns."""
    rows = {name.key: index for index, name in enumerate(record.rows)}
    columns = {name.key: index for index, name in enumerate(record.columns)}
    found = (c for c in record.curves if c.metric == metric and (not scope or c.scope == scope))
    return tuple(sorted(found, key=lambda c: (rows.get(c.row, 99), columns.get(c.column, 99))))


def change_places(record: StudyRecord) -> tuple[tuple[str, str], ...]:
    """The rows and columns whose trainings were followed, in the order of the table."""
    return tuple((one.row, one.column) for one in curves(record, IN_DOMAIN))


def phase_figures(record: StudyRecord) -> tuple[tuple[str, str, str], ...]:
    """Row, column and figure's name of each training that was followed."""
    # Numbered: what a row is called may be no name for a file.
    places = enumerate(change_places(record), start=1)
    return tuple((row, column, f"phases-{number}") for number, (row, column) in places)


def curve(record: StudyRecord, row: str, column: str, metric: str) -> Curve | None:
    """The curve of a metric in one place, of the main scope where there is one."""
    found = [one for one in curves(record, metric) if (one.row, one.column) == (row, column)]
    return next((one for one in found if one.scope == record.scope), found[0] if found else None)


def along(record: StudyRecord, row: str, column: str, axis: str, metric: str) -> AxisCurve | None:
    """The curve of a metric against an adapter's ``scale`` or the ``loss``."""
    wanted = (row, column, axis, metric)
    return next((one for one in record.along if (one.row, one.column, one.axis, one.metric) == wanted), None)


def transition(record: StudyRecord, row: str, column: str, unit: str = "steps") -> TransitionRow | None:
    """The change points of one place; None where nothing rises."""
    wanted = (row, column, unit)
    return next((one for one in record.transitions if (one.row, one.column, one.unit) == wanted), None)


def difference(
    record: StudyRecord, row: str, column: str, reference: str, unit: str
) -> TransitionDifference | None:
    """How much later a row rises than a reference; None where one of them does not."""
    wanted = (row, column, reference, unit)
    for one in record.transition_differences:
        if (one.row, one.column, one.reference, one.unit) == wanted:
            return one
    return None


def turned(record: StudyRecord, row: str, column: str) -> tuple[TurnRow, ...]:
    """The local cosines of one place's trainings, one for each seed: of all modules where these are known."""
    found = [one for one in record.turns if (one.row, one.column) == (row, column)]
    whole = [one for one in found if one.module == found[0].module]
    return tuple(sorted(whole, key=lambda one: one.seed))


def n_turned(record: StudyRecord, row: str, column: str, alpha: float = 0.05) -> tuple[int, int]:
    """How many of a place's trainings dip deeper than random orders of their steps, and how many of all."""
    found = turned(record, row, column)
    return sum(one.p_all <= alpha for one in found), len(found)


def squares(record: StudyRecord) -> tuple[tuple[str, tuple[Cell, Cell, Cell, Cell]], ...]:
    """For each row that has all four: adapter off or on in training by off or on at inference.

    The columns are named ``off_off``, ``off_on``, ``on_off``, ``on_on``: training first.
    """
    found = []
    for row in record.rows:
        four = [cell(record, row.key, f"{train}_{use}") for train in GATES for use in GATES]
        a, b, c, d = four
        if a and b and c and d:
            found.append((row.key, (a, b, c, d)))
    return tuple(found)


def passed(record: StudyRecord) -> tuple[int, int, int]:
    """How many known answers hold, how many were measured, and how many there are."""
    verdicts = [answer.passed for answer in record.known_answers]
    return verdicts.count(True), len(verdicts) - verdicts.count(None), len(verdicts)


def all_scopes(record: StudyRecord) -> tuple[str, ...]:
    """The scopes of questions in which the main metric was measured, the main one first."""
    known = sorted({entry.scope for entry in record.cells if entry.metric == record.primary})
    return tuple(sorted(known, key=lambda scope: scope != record.scope))


def metrics(record: StudyRecord) -> tuple[str, ...]:
    """All metrics of the cells, the main one first."""
    names: Sequence[str] = sorted({entry.metric for entry in record.cells})
    return tuple(sorted(names, key=lambda name: name != record.primary))
