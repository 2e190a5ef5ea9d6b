"""Every cell of a study of adapters at a glance: personas by states, in one heat map."""

from __future__ import annotations

from matplotlib.figure import Figure

from eudaimon.report.figures.style import COLOURS, NARROW, WIDE, blank, styled, words
from eudaimon.report.study.heat_map import LABEL, heat_map
from eudaimon.report.study.reading import GATES, cell, squares, title
from eudaimon.report.words import name
from eudaimon.study.records import StudyRecord

ABOVE = 104
"""Room for the names of columns, which are written aslant."""
OVERHANG = 70
"""How far the last of them reaches to the right."""
MOST, LEAST = 64, 22


@styled
def cell_map(record: StudyRecord, *, narrow: bool = False) -> Figure | None:
    """The main metric of every row (persona) in every column (state); None where there is no two-by-two."""
    if not squares(record):
        return None
    width = NARROW if narrow else WIDE
    rows, columns = [[entry.key for entry in part] for part in (record.rows, record.columns)]
    side = int(max(LEAST, min(MOST, (width - LABEL - OVERHANG) // len(columns))))
    figure = blank(width, ABOVE + side * len(rows) + 34)
    titles = {key: title(record, key) for key in rows} | {key: _short(record, key) for key in columns}
    values = {
        (titles[row], titles[column]): found.score.value
        for row in rows
        for column in columns
        if (found := cell(record, row, column)) is not None
    }
    names = [titles[row] for row in rows], [titles[column] for column in columns]
    heat_map(figure, 8, ABOVE, side, names, values)
    under = f"{name(record.primary)} in %, {name(record.scope)}; off/on: adapter off in training, on in use"
    words(
        figure,
        14,
        ABOVE + side * len(rows) + 20,
        under if not narrow else f"{name(record.primary)} in %",
        fontsize=10.5,
        color=COLOURS["muted"],
    )
    return figure


def _short(record: StudyRecord, column: str) -> str:
    """A column's title, or for a square of the two-by-two its gates alone: training, then inference."""
    train, _, use = column.partition("_")
    return f"{train}/{use}" if {train, use} <= set(GATES) else title(record, column)
