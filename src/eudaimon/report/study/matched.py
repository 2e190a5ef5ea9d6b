"""Harm of all rows at the same in-domain loss, and at the same strength of the finished adapter."""

from __future__ import annotations

from matplotlib.figure import Figure

from eudaimon.report.figures.style import COLOURS, NARROW, WIDE, blank, bounds, key, panel, styled, words
from eudaimon.report.study.lines import DASHES, SERIES
from eudaimon.report.study.reading import change_places, title
from eudaimon.report.words import name, shorten
from eudaimon.study.records import AxisCurve, StudyRecord

HEADINGS = {
    "loss": ("At the same in-domain loss", "in-domain loss, nats a token (falling)"),
    "scale": ("At the same strength of the adapter", "strength of the finished adapter"),
}


@styled
def matched(record: StudyRecord, *, narrow: bool = False) -> Figure | None:
    """The main metric against loss and against strength, one line for each row; None without such curves."""
    places = change_places(record)
    found: dict[str, list[AxisCurve]] = {
        axis: [one for one in record.along if (one.axis, one.metric) == (axis, record.primary)]
        for axis in HEADINGS
    }
    drawn = [axis for axis in HEADINGS if found[axis]]
    if not drawn:
        return None
    looks = {
        place: (SERIES[k % len(SERIES)], DASHES[k // len(SERIES) % len(DASHES)])
        for k, place in enumerate(places)
    }
    columns = {column for _, column in places}
    entries = [
        (
            "━" if dash == DASHES[0] else "╍",
            shorten(
                title(record, row) if len(columns) < 2 else f"{title(record, row)}, {title(record, column)}",
                26,
            ),
            colour,
        )
        for (row, column), (colour, dash) in looks.items()
    ]
    width = NARROW if narrow else WIDE
    above = 10 + key(blank(width, 1), 12, 12, entries, width - 24)
    down = len(drawn) if narrow else 1
    figure = blank(width, above + down * 290)
    key(figure, 12, 12, entries, width - 24)
    step = width - 4 if narrow else (width - 4) / len(drawn)
    for index, axis in enumerate(drawn):
        left, top = (44, above + 290 * index) if narrow else (44 + round(step * index), above)
        heading, under = HEADINGS[axis]
        words(figure, left - 32, top + 14, heading, fontweight="bold")
        axes = panel(figure, left, top + 34, round(step) - 60, 200)
        for one in found[axis]:
            colour, dash = looks[one.row, one.column]
            x, scores = [point.at for point in one.points], [point.score for point in one.points]
            low, high = bounds(scores)
            axes.fill_between(x, low, high, color=COLOURS[colour], alpha=0.08, linewidth=0)
            values = [score.value for score in scores]
            axes.plot(x, values, color=COLOURS[colour], linewidth=1.8, linestyle=(0, tuple(dash)))
        axes.set_ylim(-0.02, 1.02)
        axes.set_ylabel(name(record.primary))
        axes.set_xlabel(under)
        if axis == "loss":
            axes.invert_xaxis()
    return figure
