"""Curves along training: one panel for each metric, one line for each row, thin lines for single seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from eudaimon.report.figures.style import COLOURS, NARROW, WIDE, blank, bounds, key, panel, styled, words
from eudaimon.report.study.reading import curves, title
from eudaimon.report.words import name, shorten
from eudaimon.study.records import Curve, StudyRecord

SERIES = ("monitor", "harmful", "series1", "text", "safe", "series2", "series3", "control")
DASHES = ((1.0, 0.0), (4.0, 2.0), (1.0, 1.5))
PANELS = ("harm", "gradient_norm", "b_norm", "distance")


@styled
def training_curves(record: StudyRecord, *, narrow: bool = False) -> Figure | None:
    """Harm and norms, or a census's distances, along the steps, with 95 % bands; None without curves."""
    found = {metric: _lines(record, metric) for metric in PANELS}
    drawn = [metric for metric in PANELS if found[metric]]
    if not drawn:
        return None
    looks = _looks(found)
    labels = {place: _label(record, place, narrow) for place in looks}
    entries = [
        ("━" if dash == DASHES[0] else "╍", labels[place], colour) for place, (colour, dash) in looks.items()
    ]
    width = NARROW if narrow else WIDE
    above = 10 + key(blank(width, 1), 12, 12, entries, width - 24)
    if narrow:
        figure = blank(width, above + len(drawn) * 206 + 8)
        places = [(40, above + 30 + 206 * i, width - 56, 126) for i in range(len(drawn))]
    else:
        figure = blank(width, above + 286)
        step = (width - 4) / len(drawn)
        places = [(40 + round(step * i), above + 34, round(step) - 48, 196) for i in range(len(drawn))]
    key(figure, 12, 12, entries, width - 24)
    for metric, (left, top, across, down) in zip(drawn, places, strict=True):
        heading = name(metric)
        words(figure, left - 28, top - 16, heading[:1].upper() + heading[1:], fontweight="bold")
        axes = panel(figure, left, top, across, down)
        for curve in found[metric]:
            _draw(axes, curve, *looks[(curve.row, curve.column)])
        if metric == "harm":
            axes.set_ylim(-0.02, 1.02)
        axes.set_xlabel("training step")
    return figure


def _lines(record: StudyRecord, metric: str) -> tuple[Curve, ...]:
    return curves(record, metric, record.scope) or curves(record, metric)


def _looks(found: dict[str, tuple[Curve, ...]]) -> dict[tuple[str, str], tuple[str, tuple[float, float]]]:
    places = dict.fromkeys((curve.row, curve.column) for lines in found.values() for curve in lines)
    return {
        place: (SERIES[k % len(SERIES)], DASHES[k // len(SERIES) % len(DASHES)])
        for k, place in enumerate(places)
    }


def _label(record: StudyRecord, place: tuple[str, str], narrow: bool) -> str:
    row, column = place
    columns = {curve.column for curve in record.curves}
    text = title(record, row) if len(columns) < 2 else f"{title(record, row)}, {title(record, column)}"
    return shorten(text, 22 if narrow else 34)


def _draw(axes: Any, curve: Curve, colour: str, dash: Sequence[float]) -> None:
    x = [point.step for point in curve.points]
    scores = [point.score for point in curve.points]
    low, high = bounds(scores)
    axes.fill_between(x, low, high, color=COLOURS[colour], alpha=0.1, linewidth=0)
    for line in curve.by_seed.values() if len(curve.by_seed) > 1 else ():
        axes.plot(x, line, color=COLOURS[colour], linewidth=0.6, alpha=0.45)
    values = [score.value for score in scores]
    axes.plot(x, values, color=COLOURS[colour], linewidth=1.8, linestyle=(0, tuple(dash)))
