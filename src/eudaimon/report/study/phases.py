"""One training along its steps: every measure in a panel of its own, its change points marked in all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

from eudaimon.core import Score
from eudaimon.report.figures.style import COLOURS, NARROW, WIDE, blank, bounds, key, panel, styled, words
from eudaimon.report.study.reading import along, curve, transition, turned
from eudaimon.report.words import shorten
from eudaimon.study.records import AxisCurve, Curve, StudyRecord, TransitionRow, TurnRow

LAG_COLOURS = ("monitor", "series1", "text", "series2")
ACROSS, TALL = 3, 150


@dataclass(frozen=True)
class Line:
    """A line of a panel: what it is, its points with intervals, and the thin lines of its seeds."""

    label: str
    colour: str
    x: tuple[float, ...]
    scores: tuple[Score, ...]
    seeds: tuple[tuple[float | None, ...], ...] = ()


@dataclass(frozen=True)
class Panel:
    """Lines over one axis; ``marked`` panels run along training steps and show the change points."""

    title: str
    axis: str
    lines: tuple[Line, ...]
    marked: bool = True
    share: bool = False
    falling: bool = False


@styled
def phase_panels(record: StudyRecord, row: str, column: str, *, narrow: bool = False) -> Figure | None:
    """Everything that was measured along one row's training in one column; None without a curve.

    Bands are 95 % intervals, thin lines single seeds. The grey line stands at the midpoint of the rise, the
    band around it is its interval, dashes are onset and end.
    """
    panels = [one for one in _panels(record, row, column) if one.lines]
    if not panels:
        return None
    change = transition(record, row, column)
    width, across = (NARROW, 1) if narrow else (WIDE, ACROSS)
    down, step = -(-len(panels) // across), (width - 4) / across
    height = TALL + 92
    figure = blank(width, down * height + 6)
    for index, one in enumerate(panels):
        left, top = 40 + round(step * (index % across)), (index // across) * height
        words(figure, left - 28, top + 14, one.title, fontweight="bold")
        keys = [("━", line.label, line.colour) for line in one.lines if line.label]
        key(figure, left - 28, top + 34, keys, step - 24)
        axes = panel(figure, left, top + 46, round(step) - 54, TALL)
        _draw(axes, one)
        if one.marked and change is not None:
            _mark(axes, change)
    return figure


def _panels(record: StudyRecord, row: str, column: str) -> list[Panel]:
    def of(metric: str, label: str, colour: str) -> tuple[Line, ...]:
        found = curve(record, row, column, metric)
        return (_line(found, label, colour),) if found else ()

    def by(axis: str, metric: str, label: str, colour: str) -> tuple[Line, ...]:
        found = along(record, row, column, axis, metric)
        return (_axis_line(found, label, colour),) if found else ()

    primary = record.primary
    return [
        Panel(
            "What it answers",
            "training step",
            (*of(primary, shorten(primary, 12), "harmful"), *of("coherence", "coherence", "safe")),
            share=True,
        ),
        Panel(
            "Loss, nats a token",
            "training step",
            (*of("in_domain_loss", "held out", "monitor"), *of("loss", "in training", "control")),
        ),
        Panel("Norm of the gradient", "training step", of("gradient_norm", "", "text")),
        Panel(
            "Norm of the adapter",
            "training step",
            (*of("a_norm", "A", "series3"), *of("b_norm", "B", "series1")),
        ),
        Panel("Local cosine of its B", "training step", _turn_lines(turned(record, row, column))),
        Panel(
            "Own answers, in SD",
            "training step",
            (
                *of("em_projection", "to EM", "harmful"),
                *of("persona_projection", "to persona", "series2"),
            ),
        ),
        Panel(
            "Adapter scaled at the end",
            "strength (1: as trained)",
            (
                *by("scale", primary, shorten(primary, 12), "harmful"),
                *by("scale", "coherence", "coherence", "safe"),
            ),
            marked=False,
            share=True,
        ),
        Panel(
            "At equal loss",
            "in-domain loss, falling",
            by("loss", primary, shorten(primary, 12), "harmful"),
            marked=False,
            share=True,
            falling=True,
        ),
    ]


def _line(found: Curve, label: str, colour: str) -> Line:
    scores = tuple(point.score for point in found.points)
    x = tuple(float(point.step) for point in found.points)
    return Line(label, colour, x, scores, _several(list(found.by_seed.values())))


def _axis_line(found: AxisCurve, label: str, colour: str) -> Line:
    scores = tuple(point.score for point in found.points)
    return Line(
        label,
        colour,
        tuple(point.at for point in found.points),
        scores,
        _several(list(found.by_seed.values())),
    )


def _turn_lines(rows: Sequence[TurnRow]) -> tuple[Line, ...]:
    """The mean over seeds at each lag; there is no interval, single seeds show the spread."""
    if not rows or any((one.steps, one.lags) != (rows[0].steps, rows[0].lags) for one in rows):
        return ()
    lines = []
    for k, (lag, colour) in enumerate(zip(rows[0].lags, LAG_COLOURS, strict=False)):
        known = [t for t in range(len(rows[0].steps)) if all(one.cosines[k][t] is not None for one in rows)]
        seeds = tuple(tuple(one.cosines[k][t] for t in known) for one in rows)
        means = (sum(value or 0.0 for value in at) / len(rows) for at in zip(*seeds, strict=True))
        x = tuple(float(rows[0].steps[t]) for t in known)
        scores = tuple(Score(value=mean, n=len(rows)) for mean in means)
        lines.append(Line(f"lag {lag}", colour, x, scores, _several(seeds)))
    return tuple(lines)


def _several(seeds: Sequence[tuple[float | None, ...]]) -> tuple[tuple[float | None, ...], ...]:
    return tuple(seeds) if len(seeds) > 1 else ()


def _draw(axes: Any, one: Panel) -> None:
    for line in one.lines:
        colour = COLOURS[line.colour]
        low, high = bounds(line.scores)
        axes.fill_between(line.x, low, high, color=colour, alpha=0.14, linewidth=0)
        for seed in line.seeds:
            axes.plot(line.x, seed, color=colour, linewidth=0.6, alpha=0.45)
        axes.plot(line.x, [score.value for score in line.scores], color=colour, linewidth=1.8)
    axes.set_ylim(*((-0.02, 1.02) if one.share else _limits(one)))
    if one.falling:
        axes.invert_xaxis()
    axes.set_xlabel(one.axis)


def _limits(one: Panel) -> tuple[float, float]:
    """Around all lines, and as much of the bands as half of that again: with few seeds they are very wide."""
    lines = [value for line in one.lines for value in (score.value for score in line.scores)]
    lines += [value for line in one.lines for seed in line.seeds for value in seed if value is not None]
    ends = [bounds(line.scores) for line in one.lines]
    least, most = min(lines), max(lines)
    room = 0.5 * max(most - least, 1e-6)
    low = max(min(float(low.min()) for low, _ in ends), least - room)
    high = min(max(float(high.max()) for _, high in ends), most + room)
    # Losses and norms are not negative, whatever an interval says.
    low = max(low, 0.0) if least >= 0 else low
    return low - 0.1 * room, high + 0.1 * room


def _mark(axes: Any, change: TransitionRow) -> None:
    """The midpoint with its interval, onset and end; what lies outside of the steps is cut off."""
    low, high = axes.get_xlim()
    for score, style in ((change.onset, (0, (2, 3))), (change.end, (0, (2, 3))), (change.midpoint, "-")):
        if low <= score.value <= high:
            axes.axvline(score.value, color=COLOURS["ink"], linewidth=1, alpha=0.55, linestyle=style)
    if change.midpoint.low is not None and change.midpoint.high is not None:
        start, end = max(low, change.midpoint.low), min(high, change.midpoint.high)
        axes.axvspan(start, end, color=COLOURS["control"], alpha=0.14, linewidth=0)
    axes.set_xlim(low, high)
