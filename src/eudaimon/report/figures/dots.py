"""Dot plots with intervals: one row a thing, one dot a measurement. The form of most figures here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from eudaimon.core import Score
from eudaimon.report.figures.style import COLOURS, NARROW, WIDE, blank, key, panel, styled, whisker, words
from eudaimon.report.words import number, percent, shorten

ROW = 26


@dataclass(frozen=True)
class Mark:
    """One dot: a score in a named colour, hollow for what is only compared with."""

    score: Score
    colour: str
    hollow: bool = False


@dataclass(frozen=True)
class Row:
    """A labelled row of dots; ``strong`` rows are set in bold."""

    label: str
    marks: tuple[Mark, ...]
    strong: bool = False


@styled
def dots(
    rows: Sequence[Row],
    keys: Sequence[tuple[str, str, str]],
    *,
    narrow: bool = False,
    axis: str = "",
    limits: tuple[float, float] = (0.0, 1.0),
    reference: float | None = None,
    rate: bool = False,
) -> Figure | None:
    """Rows from top to bottom with 95 % whiskers; the values of the first two marks stand at the right.

    ``keys`` are ``(mark, text, colour)``; ``reference`` draws an upright line; ``rate`` shows per cent. None
    without rows.
    """
    if not rows:
        return None
    width = NARROW if narrow else WIDE
    names = [shorten(row.label, 19 if narrow else 30) for row in rows]
    # As wide as the widest of the fonts that a reader may have.
    left = 16 + max(len(text) for text in names) * (6.5 if narrow else 7.1)
    values = max(len(row.marks) for row in rows)
    right = 22 + (0 if narrow and values > 1 else 46 * min(values, 2))
    figure = blank(width, 1)
    above = 10 + key(figure, 12, 12, keys, width - 24)
    figure = blank(width, above + ROW * len(rows) + 50)
    key(figure, 12, 12, keys, width - 24)
    axes = panel(figure, left, above, width - left - right, ROW * len(rows), grid="x")
    for place, (row, text) in enumerate(zip(rows, names, strict=True)):
        middle = above + ROW * (place + 0.5)
        weight = "bold" if row.strong else "normal"
        words(figure, left - 10, middle, text, ha="right", fontweight=weight, fontsize=10.5 if narrow else 11)
        offsets = [0.17 * (2 * i - len(row.marks) + 1) for i in range(len(row.marks))]
        for mark, offset in zip(row.marks, offsets, strict=True):
            _dot(axes, mark, place + offset)
        for column, mark in enumerate(row.marks[:2] if right > 22 else ()):
            shown = percent(mark.score.value, 0) if rate else number(mark.score.value, 2)
            at = width - 10 - 46 * (min(values, 2) - 1 - column)
            words(figure, at, middle, shown, ha="right", color=COLOURS[mark.colour], fontweight=weight)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks([])
    axes.set_xlim(*limits)
    if rate:
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "25", "50", "75", "100 %"])
    if reference is not None:
        axes.axvline(reference, color=COLOURS["ink"], linewidth=1, alpha=0.6)
    axes.set_xlabel(axis)
    return figure


def _dot(axes: object, mark: Mark, y: float) -> None:
    whisker(axes, 0, y, mark.score, mark.colour)
    axes.plot(  # type: ignore[attr-defined]
        mark.score.value,
        y,
        "o",
        markersize=6.5,
        color=COLOURS["paper"] if mark.hollow else COLOURS[mark.colour],
        markeredgecolor=COLOURS[mark.colour],
        markeredgewidth=1.6,
        clip_on=False,
        zorder=5,
    )
