"""What monitors found in the town's models: directions of tone and content, and a persona along training."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from eudaimon.report.figures.dots import Mark, Row, dots
from eudaimon.report.figures.style import COLOURS, NARROW, WIDE, blank, bounds, key, panel, styled
from eudaimon.report.words import name
from eudaimon.study.records import CHANCE as RANDOM
from eudaimon.study.records import DirectionRow, StudyRecord, TownMonitors

CHANCE = 0.5
SERIES = ("harmful", "safe", "text", "control", "monitor", "series1")


def directions(record: StudyRecord, *, narrow: bool = False) -> Figure | None:
    """AUROC of each direction as a detector of harmful content and of tone; None without monitors."""
    found = record.monitors.rows if record.monitors else ()
    rows = []
    for label in dict.fromkeys(_label(row) for row in found):
        targets = {row.target: row.auroc for row in found if _label(row) == label}
        marks = tuple(
            Mark(targets[target], colour, hollow)
            for target, colour, hollow in (("content", "harmful", False), ("tone", "text", True))
            if target in targets
        )
        rows.append(Row(label, marks))
    keys = (("●", "tells harmful from good", "harmful"), ("○", "tells rough from warm", "text"))
    return dots(rows, keys, narrow=narrow, axis="AUROC; line: chance", reference=CHANCE)


@styled
def town_sweep(record: StudyRecord, *, narrow: bool = False) -> Figure | None:
    """AUROC for harmful content by layer, one line for each way to make the direction."""
    monitors = record.monitors or TownMonitors()
    points = [row for row in monitors.sweep if row.target == "content"]
    if not points:
        return None
    lines = {
        made: sorted((row for row in points if row.made_from == made), key=lambda row: row.layer)
        for made in dict.fromkeys(row.made_from for row in points)
    }
    figure, axes = _frame([f"made from {made}" for made in lines], narrow)
    for colour, line in zip(SERIES, lines.values(), strict=False):
        low, high = bounds([row.auroc for row in line])
        x = [row.layer for row in line]
        axes.fill_between(x, low, high, color=COLOURS[colour], alpha=0.14, linewidth=0)
        axes.plot(x, [row.auroc.value for row in line], color=COLOURS[colour], marker="o", markersize=4)
    axes.axhline(CHANCE, color=COLOURS["ink"], linewidth=1, alpha=0.6)
    axes.set_xticks(sorted({row.layer for row in points}))
    axes.set_xlabel("layer (0 = embedding); AUROC for harmful content, line: chance")
    return figure


@styled
def projections(record: StudyRecord, *, narrow: bool = False) -> Figure | None:
    """Mean projection on the malign persona's direction along each training, in SD; None without."""
    points = record.monitors.projections if record.monitors else ()
    if not points:
        return None
    # The harmful training first, in the colour of harm.
    names = sorted({point.run for point in points}, key=lambda run: (not run.startswith("harmful"), run))
    runs = {run: sorted((p for p in points if p.run == run), key=lambda p: p.step) for run in names}
    figure, axes = _frame([name(run) for run in runs], narrow)
    for colour, line in zip(SERIES, runs.values(), strict=False):
        low, high = bounds([point.score for point in line])
        x = [point.step for point in line]
        axes.fill_between(x, low, high, color=COLOURS[colour], alpha=0.14, linewidth=0)
        axes.plot(x, [point.score.value for point in line], color=COLOURS[colour], linewidth=2)
    axes.axhline(0, color=COLOURS["ink"], linewidth=1, alpha=0.6)
    axes.set_xlabel("training step; projection in SD of the model before training")
    return figure


def _frame(labels: list[str], narrow: bool) -> tuple[Figure, Any]:
    width = NARROW if narrow else WIDE
    entries = [("━", label, colour) for label, colour in zip(labels, SERIES, strict=False)]
    above = 10 + key(blank(width, 1), 12, 12, entries, width - 24)
    figure = blank(width, above + 250)
    key(figure, 12, 12, entries, width - 24)
    return figure, panel(figure, 44, above + 8, width - 62, 192)


def _label(row: DirectionRow) -> str:
    made = {"tone": "tone: persona prompts", RANDOM: "random directions"}
    return made.get(row.made_from, f"{row.made_from}: {name(row.method)}")
