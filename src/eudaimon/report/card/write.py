"""Write a data safety card: figures and data first, the page last."""

from __future__ import annotations

from pathlib import Path

from eudaimon.core.files import write_json, write_text
from eudaimon.curate.card.record import CardRecord
from eudaimon.report.card.figures import FIGURES, card_plots
from eudaimon.report.card.page import card_page
from eudaimon.report.card.tables import card_tables
from eudaimon.report.write import write_parts

PAGE, RECORD = "card.html", "card.json"


def write_card(record: CardRecord, folder: str | Path) -> Path:
    """The path of ``card.html`` in ``folder``, with ``card.json``, ``figures/*.svg`` and ``data/*.csv``.

    The page is one self-contained file, and the same record gives the same bytes. Figures and tables of an
    earlier card that this record has nothing for are removed; other files are left alone. Each file is whole
    or absent, and the page comes last.
    """
    folder = Path(folder)
    drawn = {plot.name: plot for plot in card_plots(record)}
    write_parts(folder, FIGURES, drawn, card_tables(record))
    write_json(folder / RECORD, record.model_dump(mode="json"))
    return write_text(folder / PAGE, card_page(record, drawn))
