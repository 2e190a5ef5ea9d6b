"""How the scores of segments fall: those that stay as they are above those that the policy acts on."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from eudaimon.curate.card.record import CardRecord
from eudaimon.report.card.amounts import amount
from eudaimon.report.figures.style import COLOURS, NARROW, WIDE, blank, panel, styled, words
from eudaimon.report.words import count


@styled
def score_bins(record: CardRecord, *, narrow: bool = False) -> Figure | None:
    """Segments by their highest harm probability, on a logarithmic scale; None where nothing was scored."""
    histogram = record.histogram
    sides = (("stay as they are", histogram.kept, "safe"), ("acted on", histogram.removed, "harmful"))
    most = max((*histogram.kept, *histogram.removed), default=0)
    if not most:
        return None
    width = NARROW if narrow else WIDE
    figure = blank(width, 352)
    for row, (label, counts, colour) in enumerate(sides):
        axes = panel(figure, 58, 48 + 142 * row, width - 72, 112)
        heights = np.array(counts, dtype=float)
        axes.set_yscale("log")
        axes.set_ylim(0.7, most * 1.6)
        # From under the axis on, so that a single segment has a bar that can be seen.
        axes.stairs(
            np.where(heights > 0, heights, np.nan),
            histogram.edges,
            baseline=0.5,
            fill=True,
            color=COLOURS[colour],
            alpha=0.85,
            linewidth=0,
        )
        axes.minorticks_off()
        ticks = [10**k for k in range(0, 16, 1 + int(np.log10(most)) // 4) if 10**k <= most]
        axes.set_yticks(ticks, [amount(tick) for tick in ticks])
        axes.set_xlim(0, 1)
        axes.tick_params(labelbottom=row == 1)
        n = count(sum(counts))
        words(
            figure,
            58,
            34 + 142 * row,
            f"{label}, n = {n}",
            color=COLOURS[colour],
            fontweight="bold",
            fontsize=12,
        )
    axes.set_xlabel("highest harm probability of a segment")
    words(figure, 12, 14, "segments, logarithmic scale", color=COLOURS["muted"], fontsize=10.5)
    return figure
