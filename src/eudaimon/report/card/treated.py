"""What becomes of the text of each source: a bar as long as the share that does not stay as it is."""

from __future__ import annotations

from matplotlib.figure import Figure

from eudaimon.curate.card.record import CardRecord
from eudaimon.report.card.amounts import share
from eudaimon.report.card.reading import ACTED, FATES, acted, part, source_name
from eudaimon.report.figures.style import COLOURS, NARROW, WIDE, blank, key, panel, styled, words
from eudaimon.report.words import shorten, visible

ROW, THICK = 30, 0.56
COLOUR = {"tag": "series1", "mask": "monitor", "rewrite": "text", "redact": "harmful", "drop": "series2"}


@styled
def treated(record: CardRecord, *, narrow: bool = False) -> Figure | None:
    """Bars by source, parted by what is done, in per cent of the source's characters; None without any."""
    rows = [row for row in record.sources if row.before]
    fates = [fate for fate in ACTED if any(row.characters.get(fate) for row in rows)]
    if not fates:
        return None
    width = NARROW if narrow else WIDE
    names = [shorten(visible(source_name(row.source)), 17 if narrow else 30) for row in rows]
    left = 16 + max(len(text) for text in names) * (6.0 if narrow else 6.6)
    right = 62
    keys = [("■", FATES[fate], COLOUR[fate]) for fate in fates]
    above = 12 + key(blank(width, 1), 12, 12, keys, width - 24)
    figure = blank(width, above + ROW * len(rows) + 46)
    key(figure, 12, 12, keys, width - 24)
    axes = panel(figure, left, above, width - left - right, ROW * len(rows), grid="x")
    for place, (row, text) in enumerate(zip(rows, names, strict=True)):
        words(figure, left - 10, above + ROW * (place + 0.5), text, ha="right", fontsize=10.5)
        done = 0.0
        for fate in fates:
            wide = 100 * part(row.characters.get(fate, 0), row.before)
            axes.barh(place, wide, left=done, height=THICK, color=COLOURS[COLOUR[fate]], linewidth=0)
            done += wide
        told = share(part(acted(row), row.before))
        words(figure, width - 10, above + ROW * (place + 0.5), told, ha="right", fontsize=10.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks([])
    axes.set_xlim(left=0)
    axes.locator_params(axis="x", nbins=4 if narrow else 7)
    axes.set_xlabel("% of the source’s characters")
    return figure
