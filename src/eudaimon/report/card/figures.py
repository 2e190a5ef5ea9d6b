"""The figures that a card's record holds something for, ready for a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from matplotlib.figure import Figure

from eudaimon.curate.card.record import CardRecord
from eudaimon.report.card.audited import over_removal
from eudaimon.report.card.histogram import score_bins
from eudaimon.report.card.treated import treated
from eudaimon.report.page import Plot, draw_all

FIGURES: dict[str, tuple[Callable[..., Figure | None], str]] = {
    "treated": (treated, "What does not stay as it is, source by source"),
    "score_bins": (score_bins, "Scores of segments"),
    "over_removal": (over_removal, "Good text that is removed"),
}


def card_plots(record: CardRecord) -> Iterator[Plot]:
    """All figures of a card."""
    return draw_all(FIGURES, record)
