"""The layer sweep: separation, AUROC and TPR at 1 % FPR by layer, one line for each method and pooling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from eudaimon.core import Score
from eudaimon.monitor.records import EvaluationRecord, SweepPoint
from eudaimon.report.figures.style import COLOURS, NARROW, WIDE, blank, bounds, key, panel, styled, words
from eudaimon.report.words import name, shorten

METRICS = (
    ("separation_sd", "Separation, in SD"),
    ("auroc", "AUROC"),
    ("tpr_at_1pct_fpr", "TPR at 1 % FPR"),
)
SERIES = ("series1", "text", "series2", "safe", "series3", "control")


@styled
def layer_sweep(record: EvaluationRecord, *, narrow: bool = False) -> Figure | None:
    """Three panels over layers with 95 % bands and the chosen sites ringed; None without a sweep."""
    if not record.sweep:
        return None
    lines = grouped(record.sweep)
    entries = [(_mark(line), label(line[0]), colour) for line, colour in lines]
    if any(point.chosen for point in record.sweep):
        entries.append(("○", "chosen", "ink"))
    width = NARROW if narrow else WIDE
    above = 10 + key(blank(width, 1), 12, 12, entries, width - 24)
    if narrow:
        figure = blank(width, above + 3 * 196 + 8)
        places = [(36, above + 30 + 196 * i, width - 50, 124) for i in range(3)]
    else:
        figure = blank(width, above + 286)
        places = [(36 + 252 * i, above + 34, 206, 200) for i in range(3)]
    key(figure, 12, 12, entries, width - 24)
    for (metric, title), (left, top, across, down) in zip(METRICS, places, strict=True):
        words(figure, left - 24, top - 16, title, fontweight="bold")
        axes = panel(figure, left, top, across, down)
        draw_lines(axes, lines, metric)
        axes.set_xlabel("layer (0 = embedding)")
    return figure


def grouped(sweep: Sequence[SweepPoint]) -> list[tuple[list[SweepPoint], str]]:
    """The points as lines, by method and pooling, each with the name of its colour; the chosen line first."""
    lines: dict[tuple[str, str], list[SweepPoint]] = {}
    for point in sweep:
        lines.setdefault((point.method, point.pooling), []).append(point)
    ordered = sorted(lines.values(), key=lambda line: not any(point.chosen for point in line))
    others = iter(SERIES * (1 + len(ordered) // len(SERIES)))
    return [
        (sorted(line, key=lambda p: p.layer), "monitor" if any(p.chosen for p in line) else next(others))
        for line in ordered
    ]


def label(point: SweepPoint) -> str:
    """Method and pooling of a line."""
    return f"{shorten(name(point.method), 24)} · {shorten(name(point.pooling), 12)}"


def draw_lines(axes: Any, lines: list[tuple[list[SweepPoint], str]], metric: str) -> None:
    """One metric of all lines, each with its band, and rings on the chosen sites."""
    layers = sorted({point.layer for line, _ in lines for point in line})
    for line, colour in reversed(lines):
        chosen = colour == "monitor"
        scores: list[Score] = [getattr(point, metric) for point in line]
        x = [point.layer for point in line]
        low_end, high_end = bounds(scores)
        strength = 0.22 if chosen else 0.1
        axes.fill_between(x, low_end, high_end, color=COLOURS[colour], alpha=strength, linewidth=0)
        axes.plot(
            x,
            [score.value for score in scores],
            color=COLOURS[colour],
            linewidth=2.4 if chosen else 1.3,
            linestyle=(0, _dashes(line)),
            marker="o",
            markersize=3.6 if chosen else 2.4,
        )
        for point, score in zip(line, scores, strict=True):
            if point.chosen:
                ring = {"markersize": 11, "fillstyle": "none", "color": COLOURS["ink"]}
                axes.plot(point.layer, score.value, "o", **ring)
    step = max(1, -(-len(layers) // 9))
    axes.set_xticks(layers[::step])
    axes.margins(x=0.05)
    floor = 0.5 if metric == "auroc" else 0.0
    low, high = (float(end) for end in axes.get_ylim())
    low = min(low, floor)
    if metric != "separation_sd":
        high = min(1.02, high)
    # Room for a ring.
    axes.set_ylim(low, high + 0.06 * (high - low))


def _dashes(line: list[SweepPoint]) -> tuple[float, ...]:
    dashes = {"mean": (1.0, 0.0), "last": (3.0, 2.0), "max": (1.0, 2.0)}
    return dashes.get(line[0].pooling, (5.0, 2.0, 1.0, 2.0))


def _mark(line: list[SweepPoint]) -> str:
    return "━" if line[0].pooling == "mean" else "╍"
