"""Forest plot: what each row differs by from each reference, in one column."""

from __future__ import annotations

import math

from matplotlib.figure import Figure

from eudaimon.report.figures.dots import Mark, Row, dots
from eudaimon.report.study.reading import contrasts, references, title
from eudaimon.report.words import name
from eudaimon.study.records import StudyRecord

COLOURS = ("monitor", "text", "series1", "series2")
SIGNIFICANT = 0.05


def forest(record: StudyRecord, column: str, *, narrow: bool = False) -> Figure | None:
    """Differences to all references with 95 % intervals; bold where Holm's p is below .05 against each."""
    compared = references(record)
    rows = []
    for row in record.rows:
        found = contrasts(record, column, row.key)
        marks = tuple(
            Mark(entry.difference, colour, hollow=place > 0)
            for place, (entry, colour) in enumerate(zip(found, COLOURS, strict=False))
            if entry is not None
        )
        if marks:
            held = [entry.p_holm <= SIGNIFICANT for entry in found if entry is not None]
            rows.append(Row(title(record, row.key), marks, strong=all(held)))
    reach = max(
        (abs(end) for row in rows for mark in row.marks for end in (mark.score.low, mark.score.high) if end),
        default=0.1,
    )
    limit = max(0.1, math.ceil(reach * 10) / 10)
    keys = [
        ("●" if place == 0 else "○", f"minus {title(record, reference)}", colour)
        for place, (reference, colour) in enumerate(zip(compared, COLOURS, strict=False))
    ]
    axis = f"difference in {name(record.primary)}; line: none"
    return dots(rows, keys, narrow=narrow, axis=axis, limits=(-limit, limit), reference=0.0)
