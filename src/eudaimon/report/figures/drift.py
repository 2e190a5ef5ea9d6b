"""Persona drift: the projection after each answer of conversations, beside what benign ones reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from eudaimon.core import Score
from eudaimon.report.figures.style import COLOURS, NARROW, WIDE, blank, bounds, key, panel, styled
from eudaimon.report.words import shorten

SERIES = ("harmful", "safe", "monitor", "series1", "series2", "text")


@styled
def drift(
    lines: Mapping[str, Sequence[Score]],
    *,
    bound: float | None = None,
    whence: str = "benign conversations",
    narrow: bool = False,
) -> Figure | None:
    """A line with a 95 % band for each kind of conversation, and the bound across; None without lines.

    A line's scores are those after the first, second, ... answer; those that reach the bound, which is that
    of ``whence``, are ringed.
    """
    if not lines:
        return None
    # A line alone is compared with nothing that it could be worse than: it is not red.
    series = SERIES if len(lines) > 1 else ("monitor",)
    colours = {name: series[place % len(series)] for place, name in enumerate(lines)}
    keys = [("━", shorten(name, 24), colours[name]) for name in lines]
    if bound is not None:
        keys.append(("╍", f"bound from {whence}", "muted"))
    width = NARROW if narrow else WIDE
    above = 10 + key(blank(width, 1), 12, 12, keys, width - 24)
    height = 190 if narrow else 250
    figure = blank(width, above + height + 60)
    key(figure, 12, 12, keys, width - 24)
    axes = panel(figure, 52, above + 8, width - 70, height)
    for name, scores in lines.items():
        turns = range(1, len(scores) + 1)
        low, high = bounds(scores)
        axes.fill_between(turns, low, high, color=COLOURS[colours[name]], alpha=0.18, linewidth=0)
        axes.plot(
            turns,
            [score.value for score in scores],
            color=COLOURS[colours[name]],
            linewidth=2,
            marker="o",
            markersize=4,
        )
    if bound is not None:
        axes.axhline(bound, color=COLOURS["muted"], linewidth=1.4, linestyle=(0, (4, 3)))
        reached = [
            (turn, score.value)
            for scores in lines.values()
            for turn, score in enumerate(scores, start=1)
            if score.value >= bound
        ]
        if reached:
            axes.plot(
                *zip(*reached, strict=True),
                color=COLOURS["harmful"],
                linestyle="none",
                marker="o",
                markersize=11,
                markerfacecolor="none",
                markeredgewidth=1.8,
            )
    longest = max(len(scores) for scores in lines.values())
    axes.set_xticks(range(1, longest + 1, max(1, -(-longest // 10))))
    axes.set_xlabel("answer in the conversation")
    axes.set_ylabel("projection")
    return figure
