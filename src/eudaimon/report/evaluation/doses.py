"""Dose curves: one panel for each attack, one line for each subject, the control beside it dashed."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from eudaimon.evaluate.battery.record import BatteryRecord, Dose
from eudaimon.report.figures.budget_axis import along
from eudaimon.report.figures.style import COLOURS, NARROW, WIDE, blank, bounds, key, panel, styled, words
from eudaimon.report.words import shorten

SERIES = ("harmful", "safe", "monitor", "text", "series1", "series2", "series3", "control")
ACROSS = 3
DOWN = 216


@styled
def dose_curves(record: BatteryRecord, *, narrow: bool = False) -> Figure | None:
    """Harm against budget with 95 % bands; None where nothing was read at a budget above 0."""
    shown = [
        attack
        for attack in record.attacks
        if any(dose.attack == attack.name and dose.budget > 0 for dose in record.doses)
    ]
    if not shown:
        return None
    colours = {one.name: SERIES[k % len(SERIES)] for k, one in enumerate(record.subjects)}
    entries = [("━", shorten(name, 30), colour) for name, colour in colours.items()]
    entries.append(("╍", "control", "control"))
    width, across = (NARROW, 1) if narrow else (WIDE, ACROSS)
    above = 10 + key(blank(width, 1), 12, 12, entries, width - 24)
    figure = blank(width, above + DOWN * -(-len(shown) // across) + 8)
    key(figure, 12, 12, entries, width - 24)
    step = (width - 4) / across
    for place, attack in enumerate(shown):
        row, column = divmod(place, across)
        left, top = 40 + round(step * column), above + 34 + DOWN * row
        words(figure, left - 28, top - 16, shorten(attack.title, 30), fontweight="bold")
        axes = panel(figure, left, top, round(step) - 56, DOWN - 90)
        controls = {variant.name for variant in attack.variants if variant.control}
        for line in _lines(record, attack.name):
            _draw(axes, line, colours[line[0].subject], control=line[0].variant in controls)
        along(axes, sorted({dose.budget for dose in record.doses if dose.attack == attack.name}))
        axes.set_ylim(-0.02, 1.02)
        axes.set_xlabel(attack.unit)
    return figure


def _lines(record: BatteryRecord, attack: str) -> list[list[Dose]]:
    found: dict[tuple[str, str], list[Dose]] = {}
    for dose in record.doses:
        if dose.attack == attack:
            found.setdefault((dose.subject, dose.variant), []).append(dose)
    return [sorted(line, key=lambda dose: dose.budget) for line in found.values()]


def _draw(axes: Any, line: list[Dose], colour: str, *, control: bool) -> None:
    x = [dose.budget for dose in line]
    scores = [dose.harm for dose in line]
    if not control:
        axes.fill_between(x, *bounds(scores), color=COLOURS[colour], alpha=0.1, linewidth=0)
    axes.plot(
        x, [score.value for score in scores], color=COLOURS[colour], linewidth=1.2 if control else 1.8,
        linestyle=(0, (4.0, 2.0)) if control else "solid", alpha=0.7 if control else 1.0, marker=".",
    )  # fmt: skip
