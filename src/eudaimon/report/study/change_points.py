"""When harm rises: the midpoint of each row's rise by training step and by in-domain loss, seed by seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from eudaimon.report.figures.style import COLOURS, NARROW, WIDE, blank, panel, styled, whisker, words
from eudaimon.report.study.reading import change_places, title, transition
from eudaimon.report.words import number, shorten
from eudaimon.study.records import StudyRecord, TransitionRow

ROW = 26
UNITS = (("steps", "training step"), ("loss", "in-domain loss, nats a token"))


@styled
def change_points(record: StudyRecord, *, narrow: bool = False) -> Figure | None:
    """Midpoints with 95 % intervals and a small dot for each seed; None where nothing was sought.

    A row without a rise says so: there is no change point to place.
    """
    places = change_places(record)
    if not places or not record.transitions:
        return None
    columns = {column for _, column in places}
    labels = [
        title(record, row) if len(columns) < 2 else f"{title(record, row)}, {title(record, column)}"
        for row, column in places
    ]
    drawn = [
        (heading, [transition(record, row, column, unit) for row, column in places])
        for unit, heading in UNITS
    ]
    drawn = [(heading, rows) for heading, rows in drawn if any(rows)]
    width = NARROW if narrow else WIDE
    left = 14 + max(len(shorten(text, 22)) for text in labels) * 6.6
    tall = ROW * len(places)
    each = (width - left - 8) if narrow else (width - left - 8) / len(drawn)
    figure = blank(width, (tall + 74) * (len(drawn) if narrow else 1))
    for index, (heading, rows) in enumerate(drawn):
        top = 30 + (tall + 74) * index if narrow else 30
        start = left if narrow else left + each * index
        axes = panel(figure, round(start), top, round(each) - 56, tall, grid="x")
        words(figure, start, top - 16, f"Midpoint: {heading}", fontweight="bold")
        for place, (text, row) in enumerate(zip(labels, rows, strict=True)):
            middle = top + ROW * (place + 0.5)
            if narrow or index == 0:
                words(figure, left - 10, middle, shorten(text, 22), ha="right")
            _draw(axes, row, place)
            shown = "no rise" if row is None else number(row.midpoint.value, 2 if index else 1)
            words(figure, start + each - 50, middle, shown, color=COLOURS["muted"], fontsize=10.5)
        axes.set_ylim(len(places) - 0.5, -0.5)
        axes.set_yticks([])
        axes.set_xlim(*_limits(rows))
        if index:
            axes.invert_xaxis()
    return figure


def _draw(axes: Any, row: TransitionRow | None, place: float) -> None:
    if row is None:
        return
    whisker(axes, 0, place, row.midpoint, "monitor")
    axes.plot(row.midpoint.value, place, "o", markersize=6.5, color=COLOURS["monitor"], zorder=5)
    seeds = list(row.by_seed.values())
    axes.plot(seeds, [place + 0.28] * len(seeds), "o", markersize=2.6, color=COLOURS["control"], zorder=4)


def _limits(rows: Sequence[TransitionRow | None]) -> tuple[float, float]:
    """Around all seeds and midpoints, and as much of the intervals as twice that: some are very wide."""
    known = [row for row in rows if row is not None]
    inner = [value for row in known for value in (*row.by_seed.values(), row.midpoint.value)]
    ends = [end for row in known for end in (row.midpoint.low, row.midpoint.high) if end is not None]
    least, most = min(inner), max(inner)
    room = max(most - least, 0.1 * abs(most), 1e-3)
    low, high = max(min(ends, default=least), least - room), min(max(ends, default=most), most + room)
    return max(0.0, low - 0.1 * room), high + 0.1 * room
