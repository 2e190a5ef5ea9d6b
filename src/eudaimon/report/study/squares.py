"""The two-by-two of a persona adapter: off or on in training by off or on at inference."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from eudaimon.report.figures.style import COLOURS, NARROW, WIDE, blank, panel, styled, words
from eudaimon.report.study.reading import GATES, squares, title
from eudaimon.report.words import interval, name, percent, shorten
from eudaimon.study.records import Cell, StudyRecord

SIDE, GAP = 92, 22
MOST_SHADE = 0.5
"""At most so dark that words in the ink of the page, with their halo, can be read on it."""


@styled
def heat(record: StudyRecord, *, narrow: bool = False) -> Figure | None:
    """One square of four for each row of the table, the darker the more of the main metric; None without."""
    found = squares(record)
    if not found:
        return None
    width = NARROW if narrow else WIDE
    each = 2 * SIDE + 34 + GAP
    across = max(1, (width - 30) // each)
    down = -(-len(found) // across)
    height = 2 * SIDE + 62
    figure = blank(width, down * height + 26)
    for index, (row, four) in enumerate(found):
        left = 42 + (index % across) * each
        top = 50 + (index // across) * height
        words(figure, left, top - 32, shorten(title(record, row), 26), fontweight="bold")
        axes = panel(figure, left, top, 2 * SIDE, 2 * SIDE, grid="")
        _draw(axes, four, record.primary)
    under = (
        f"down: adapter in training; across: adapter at inference; shade and number: {name(record.primary)}"
    )
    if not narrow:
        words(figure, 14, down * height + 12, under, fontsize=10.5, color=COLOURS["muted"])
    return figure


def _draw(axes: Any, four: tuple[Cell, Cell, Cell, Cell], metric: str) -> None:
    axes.set_xlim(0, 2)
    axes.set_ylim(2, 0)
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks([0.5, 1.5], [f"use {gate}" for gate in GATES])
    axes.xaxis.tick_top()
    axes.tick_params(length=0, pad=2)
    axes.set_yticks([0.5, 1.5], [f"train {gate}" for gate in GATES], rotation=90, va="center")
    for index, cell in enumerate(four):
        x, y = index % 2, index // 2
        value = min(max(cell.score.value, 0.0), 1.0)
        axes.add_patch(
            Rectangle(
                (x + 0.02, y + 0.02),
                0.96,
                0.96,
                facecolor=COLOURS["harmful"],
                alpha=0.04 + MOST_SHADE * value,
                edgecolor=COLOURS["line"],
            )
        )
        big = {"ha": "center", "va": "center"}
        axes.text(x + 0.5, y + 0.42, percent(cell.score.value, 0), fontsize=17, **big)
        axes.text(x + 0.5, y + 0.68, interval(cell.score, metric), fontsize=8.5, **big)
