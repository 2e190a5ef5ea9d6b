"""Dose and survival curves of one attack: a panel for each arm, a line for each variant, controls dashed.

A dozen arms as lines of one panel cannot be told apart once they have intervals. Here every arm has a panel
of its own on the same axes, and the first arm, which the others are compared with, is a thin line in each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

from eudaimon.core import Score
from eudaimon.report.figures.budget_axis import along
from eudaimon.report.figures.style import COLOURS, NARROW, WIDE, blank, bounds, key, panel, styled, words
from eudaimon.report.study.attack_reading import Group
from eudaimon.report.study.reading import title
from eudaimon.report.words import shorten
from eudaimon.study.records import StudyRecord

SERIES = ("harmful", "monitor", "safe", "text", "series1", "series2", "series3")
ACROSS, ACROSS_NARROW = 4, 2
DOWN, INSIDE = 152, 92
TICKS, TICKS_NARROW = 4, 3


@dataclass(frozen=True)
class Line:
    """Budgets and scores of one arm under one route."""

    budgets: tuple[float, ...]
    scores: tuple[Score, ...]


Lines = Mapping[tuple[str, str], Line]
"""By arm and route."""


def dose_curves(record: StudyRecord, group: Group, *, narrow: bool = False) -> Figure | None:
    """Mean harm along the budget with 95 % bands; None where nothing was read beyond no budget."""
    found = record.reactivation
    lines = {
        (dose.row, dose.column): Line(
            tuple(point.budget for point in dose.points), tuple(point.harm for point in dose.points)
        )
        for dose in (found.doses if found else ())
        if len(dose.points) > 1
    }
    return _panels(record, group, lines, steps=False, narrow=narrow)


def survival_curves(record: StudyRecord, group: Group, *, narrow: bool = False) -> Figure | None:
    """The share of answers that have not turned, in steps from 1 at no budget, with 95 % bands; None without.

    An answer that is harmful without any attack counts as turned at the smallest budget.
    """
    found = record.reactivation
    lines = {
        (row.row, row.column): Line(
            (0.0, *(point.budget for point in row.points)),
            (Score(value=1.0, n=row.n), *(point.share for point in row.points)),
        )
        for row in (found.survival if found else ())
        if row.points
    }
    return _panels(record, group, lines, steps=True, narrow=narrow)


@styled
def _panels(record: StudyRecord, group: Group, lines: Lines, *, steps: bool, narrow: bool) -> Figure | None:
    keys = [route.key for route in group.routes]
    arms = [row.key for row in record.rows if any((row.key, name) in lines for name in keys)]
    if not arms:
        return None
    attacking = [route for route in group.routes if not route.control]
    colours = {route.key: SERIES[k % len(SERIES)] for k, route in enumerate(attacking)}
    first = next((name for name in keys if name in colours), "")
    entries = [("━", shorten(r.variant or r.title, 24), colours[r.key]) for r in attacking]
    entries += [
        ("╍", f"{shorten(r.variant or r.title, 20)}, control", "control") for r in group.routes if r.control
    ]
    if len(arms) > 1 and first:
        entries.append(("─", f"{title(record, arms[0])}, for comparison", "muted"))
    width, across = (NARROW, ACROSS_NARROW) if narrow else (WIDE, ACROSS)
    above = 10 + key(blank(width, 1), 12, 12, entries, width - 24)
    rows = -(-len(arms) // across)
    figure = blank(width, above + DOWN * rows + 18)
    key(figure, 12, 12, entries, width - 24)
    step = (width - 8) / across
    budgets = sorted({each for (_, name), line in lines.items() if name in keys for each in line.budgets})
    for place, arm in enumerate(arms):
        row, column = divmod(place, across)
        left, top = 38 + round(step * column), above + 32 + DOWN * row
        words(figure, left - 26, top - 15, shorten(title(record, arm), 20), fontweight="bold", fontsize=10.5)
        axes = panel(figure, left, top, round(step) - 50, INSIDE)
        if arm != arms[0] and (arms[0], first) in lines:
            _draw(axes, lines[arms[0], first], "muted", steps=steps, thin=True)
        for route in group.routes:
            if (arm, route.key) in lines:
                _draw(axes, lines[arm, route.key], colours.get(route.key, "control"), steps=steps)
        along(axes, budgets, TICKS_NARROW if narrow else TICKS)
        axes.set_ylim(-0.03, 1.03)
        axes.set_yticks([0, 0.5, 1], ["0", "50", "100"] if column == 0 else ["", "", ""])
        if place + across >= len(arms):
            axes.set_xlabel(group.routes[0].unit)
    return figure


def _draw(axes: Any, line: Line, colour: str, *, steps: bool, thin: bool = False) -> None:
    control = colour == "control"
    x: Sequence[float] = line.budgets
    where: dict[str, Any] = {"drawstyle": "steps-post"} if steps else {}
    if not (control or thin):
        shape = {"step": "post"} if steps else {}
        axes.fill_between(x, *bounds(line.scores), color=COLOURS[colour], alpha=0.13, linewidth=0, **shape)
    axes.plot(
        x,
        [score.value for score in line.scores],
        color=COLOURS[colour],
        linewidth=1.0 if thin else 1.3 if control else 1.9,
        linestyle=(0, (4.0, 2.0)) if control else "solid",
        **where,
    )
