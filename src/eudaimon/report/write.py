"""Write a report folder: figures and data first, the page last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from eudaimon.core.files import write_text
from eudaimon.monitor.records import EvaluationRecord
from eudaimon.report.page import FIGURES, Plot, page, plots
from eudaimon.report.tables import Table, tables


def write_report(record: EvaluationRecord, folder: str | Path) -> Path:
    """The path of ``report.html`` in ``folder``, written with ``figures/*.svg`` and ``data/*.csv`` beside it.

    The page is one self-contained file, and the same record gives the same bytes. Figures and tables of an
    earlier report that this record has nothing for are removed; other files are left alone. Each file is
    whole or absent, and the page comes last.
    """
    folder = Path(folder)
    drawn = {plot.name: plot for plot in plots(record)}
    write_parts(folder, FIGURES, drawn, tables(record))
    return write_text(folder / "report.html", page(record, drawn))


def write_parts(
    folder: Path, figures: Iterable[str], drawn: Mapping[str, Plot], shown: Iterable[Table]
) -> None:
    """Write the figures that were drawn and the tables that have rows; remove others of these names."""
    for name in figures:
        path = folder / "figures" / f"{name}.svg"
        if name in drawn:
            write_text(path, drawn[name].svg)
        else:
            path.unlink(missing_ok=True)
    for table in shown:
        path = folder / "data" / f"{table.name}.csv"
        if table.rows:
            write_text(path, table.csv())
        else:
            path.unlink(missing_ok=True)
