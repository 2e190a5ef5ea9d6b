"""Two runs beside each other: every figure that both have, their difference, and whether intervals meet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from matplotlib.figure import Figure

from eudaimon.core.score import Score
from eudaimon.dashboard.tables import Row
from eudaimon.evaluate.battery.record import BatteryRecord
from eudaimon.monitor.records import EvaluationRecord
from eudaimon.report.figures.dots import Mark, dots
from eudaimon.report.figures.dots import Row as DotRow
from eudaimon.report.study.reading import title
from eudaimon.report.words import RATES, name, shorten
from eudaimon.study.records import StudyRecord

Comparable: TypeAlias = StudyRecord | EvaluationRecord | BatteryRecord
Key: TypeAlias = tuple[str, str, str, str]
MOST_ROWS = 40
COLOURS = ("monitor", "text")


def scores_of(record: Comparable) -> dict[Key, Score]:
    """What a run measured, by row, column, questions and metric; of a model's evaluation, harm by dose."""
    if isinstance(record, StudyRecord):
        return {(one.row, one.column, one.scope, one.metric): one.score for one in record.cells}
    if isinstance(record, EvaluationRecord):
        return {(one.system, "", one.scope, one.metric): one.score for one in record.measurements}
    return {
        (one.subject, f"{one.attack} {one.variant}".strip(), f"budget {one.budget:g}", record.harm): one.harm
        for one in record.doses
    }


def compared(first: Comparable, second: Comparable) -> list[Row]:
    """A row for each figure that both have: both values with intervals, second minus first, do they overlap.

    The largest difference comes first. Whether two intervals overlap is no test of the difference.
    """
    one, two = scores_of(first), scores_of(second)
    rows = []
    for key, score in one.items():
        other = two.get(key)
        if other is None:
            continue
        row, column, scope, metric = key
        rows.append(
            {
                "row": row,
                "column": column,
                "scope": scope,
                "metric": metric,
                "first": score.value,
                "first_low": score.low,
                "first_high": score.high,
                "second": other.value,
                "second_low": other.low,
                "second_high": other.high,
                "difference": other.value - score.value,
                "overlap": _overlap(score, other),
            }
        )
    return sorted(rows, key=lambda row: -abs(row["difference"]))


def metrics(first: Comparable, second: Comparable) -> list[tuple[str, str]]:
    """The pairs of metric and questions that both runs have, in order."""
    both = scores_of(first).keys() & scores_of(second).keys()
    return sorted({(metric, scope) for _, _, scope, metric in both})


def main_metric(record: Comparable) -> str:
    """The metric that a run is about; empty for the evaluation of a monitor, which has several."""
    if isinstance(record, StudyRecord):
        return record.primary
    return record.harm if isinstance(record, BatteryRecord) else ""


def beside(
    first: Comparable,
    second: Comparable,
    metric: str,
    scope: str,
    called: tuple[str, str] = ("first run", "second run"),
    *,
    narrow: bool = False,
) -> Figure | None:
    """The dots of both runs on one metric, row by row, with 95 % intervals; None where they share none.

    ``called`` are the names of the runs.
    """
    one, two = scores_of(first), scores_of(second)
    keys = [key for key in one if key in two and key[2:] == (scope, metric)][:MOST_ROWS]
    rows = [
        DotRow(
            " · ".join(_title(first, part) for part in key[:2] if part),
            (Mark(one[key], COLOURS[0]), Mark(two[key], COLOURS[1], hollow=True)),
        )
        for key in keys
    ]
    ends = list(_ends(rows))
    if not ends:
        return None
    rate = metric in RATES and all(0 <= end <= 1 for end in ends)
    room = 0.05 * (max(ends) - min(ends)) or 0.5
    return dots(
        rows,
        (("●", shorten(called[0], 40), COLOURS[0]), ("○", shorten(called[1], 40), COLOURS[1])),
        narrow=narrow,
        axis=name(metric),
        limits=(0.0, 1.0) if rate else (min(ends) - room, max(ends) + room),
        rate=rate,
    )


def _title(record: Comparable, key: str) -> str:
    """The readable name of a row or column; of a study it has its own."""
    return title(record, key) if isinstance(record, StudyRecord) else name(key)


def _ends(rows: list[DotRow]) -> Iterator[float]:
    for row in rows:
        for mark in row.marks:
            yield from (end for end in (mark.score.value, mark.score.low, mark.score.high) if end is not None)


def _overlap(a: Score, b: Score) -> bool | None:
    """Whether two intervals have a point in common; None where one of them is missing."""
    if a.low is None or a.high is None or b.low is None or b.high is None:
        return None
    return a.low <= b.high and b.low <= a.high
