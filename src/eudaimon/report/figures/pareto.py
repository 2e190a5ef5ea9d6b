"""Safety against capability: arms as points with intervals, those on the front filled and joined."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from eudaimon.measure.pareto import ParetoPoint
from eudaimon.report.figures.style import COLOURS, NARROW, WIDE, blank, key, panel, spread, styled, whisker
from eudaimon.report.words import percent, shorten

KEYS = (
    ("●", "on the front", "monitor"),
    ("○", "another is better", "control"),
    ("%", "how often on the front", "muted"),
)


@styled
def pareto_front(
    points: Sequence[ParetoPoint], *, x_name: str, y_name: str, narrow: bool = False
) -> Figure | None:
    """A point for each arm with 95 % whiskers in both measures, and how often it is on the front; None
    without points.

    The front's points are joined in the order of their first measure.
    """
    if not points:
        return None
    width = NARROW if narrow else WIDE
    above = 10 + key(blank(width, 1), 12, 12, KEYS, width - 24)
    height = 240 if narrow else 320
    figure = blank(width, above + height + 62)
    key(figure, 12, 12, KEYS, width - 24)
    room = 104 if narrow else 170
    axes = panel(figure, 56, above + 8, width - 56 - room, height, grid="both")
    front = sorted((p for p in points if p.on_front), key=lambda p: (p.x.value, p.y.value))
    axes.plot([p.x.value for p in front], [p.y.value for p in front], color=COLOURS["monitor"], alpha=0.4)
    for point in points:
        colour = "monitor" if point.on_front else "control"
        whisker(axes, 0, point.y.value, point.x, colour)
        whisker(axes, point.x.value, 0, point.y, colour, upright=True)
        axes.plot(
            point.x.value,
            point.y.value,
            "o",
            markersize=7,
            color=COLOURS[colour] if point.on_front else COLOURS["paper"],
            markeredgecolor=COLOURS[colour],
            markeredgewidth=1.6,
            zorder=5,
        )
    axes.margins(0.06)
    axes.set_xlabel(x_name)
    axes.set_ylabel(y_name)
    low, high = axes.get_ylim()
    gap = (high - low) * 15 / height
    places = spread([point.y.value for point in points], gap, low, high)
    right = axes.get_xlim()[1]
    for point, place in zip(points, places, strict=True):
        text = f"{shorten(point.name, 10 if narrow else 18)} {percent(point.probability, 0)}"
        colour = COLOURS["monitor" if point.on_front else "muted"]
        axes.annotate(
            text,
            (point.x.value, point.y.value),
            (right, place),
            textcoords="data",
            va="center",
            ha="left",
            color=colour,
            fontsize=9.5 if narrow else 10.5,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": COLOURS["line"], "linewidth": 0.8, "relpos": (0, 0.5)},
        )
    return figure
