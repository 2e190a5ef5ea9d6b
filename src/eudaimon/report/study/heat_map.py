"""A square table of numbers as a heat map: rows by columns, one shade upwards and one downwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from eudaimon.report.figures.style import COLOURS, panel, words
from eudaimon.report.words import MINUS, shorten

MOST_SHADE = 0.55
"""At most so dark that words in the ink of the page can be read on it."""
LABEL = 84
MOST_SIDE, LEAST_SIDE = 46, 22


def side_of(n: int, width: float) -> int:
    """How many pixels a cell may have, so that a heat map of n columns with its labels fits the width."""
    return int(max(LEAST_SIDE, min(MOST_SIDE, (width - LABEL - 8) // max(n, 1))))


def heat_map(
    figure: Figure,
    left: float,
    top: float,
    side: float,
    names: tuple[Sequence[str], Sequence[str]],
    values: Mapping[tuple[str, str], float],
    *,
    strong: frozenset[tuple[str, str]] | None = None,
    hundred: bool = True,
) -> None:
    """Draw the cells that have a value in [-1, 1], in hundredths or as they are, with names above and beside.

    Values above zero are red, below blue. Cells outside of ``strong``, where it is given, are within what
    chance does: their numbers are grey and a dotted frame is around them.
    """
    rows, columns = names
    axes = panel(figure, left + LABEL, top, side * len(columns), side * len(rows), grid="")
    axes.set_xlim(0, len(columns))
    axes.set_ylim(len(rows), 0)
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks([])
    axes.set_yticks([])
    for y, row in enumerate(rows):
        words(figure, left + LABEL - 7, top + side * (y + 0.5), shorten(row, 14), ha="right", fontsize=10.5)
        for x, column in enumerate(columns):
            if (row, column) in values:
                within = strong is not None and (row, column) not in strong
                _cell(axes, x, y, values[row, column], side, hundred, within)
    for x, column in enumerate(columns):
        at = left + LABEL + side * (x + 0.5)
        words(
            figure, at - 3, top - 5, shorten(column, 14), rotation=38, ha="left", va="bottom", fontsize=10.5
        )


def _cell(axes: Any, x: int, y: int, value: float, side: float, hundred: bool, within: bool) -> None:
    colour = COLOURS["harmful"] if value > 0 else COLOURS["safe"]
    shade = 0.03 + MOST_SHADE * min(abs(value), 1.0)
    place, size = (x + 0.03, y + 0.03), (0.94, 0.94)
    axes.add_patch(Rectangle(place, *size, facecolor=colour, alpha=shade, linewidth=0))
    style = (
        {"linestyle": (0, (1.5, 1.5)), "edgecolor": COLOURS["muted"]}
        if within
        else {"edgecolor": COLOURS["line"]}
    )
    axes.add_patch(Rectangle(place, *size, fill=False, linewidth=1.0, **style))
    text = f"{100 * value:.0f}" if hundred else f"{value:.2f}".replace("0.", ".", 1)
    size_of_words = 10.5 if side >= 34 else 8.5
    axes.text(
        x + 0.5,
        y + 0.5,
        text.replace("-0", "0", 1).replace("-", MINUS) if text == "-0" else text.replace("-", MINUS),
        ha="center",
        va="center",
        fontsize=size_of_words,
        color=COLOURS["muted" if within else "ink"],
    )
