"""Write the report of one or more studies: figures and data first, the page last."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from eudaimon.core.files import write_json, write_text
from eudaimon.monitor.records import EvaluationRecord
from eudaimon.report.page import Plot, plots
from eudaimon.report.study.figures import study_plots
from eudaimon.report.study.page import study_page
from eudaimon.report.study.tables import study_tables
from eudaimon.study.records import StudyRecord

PAGE = "report.html"
SUMMARY = "summary.json"
QUERY_FIGURES = ("layer_sweep", "roc", "tone_content")


def write_study_report(
    records: Sequence[StudyRecord],
    folder: str | Path,
    *,
    title: str = "",
    queries: EvaluationRecord | None = None,
    query_page: str = "",
) -> Path:
    """The path of ``report.html`` in ``folder``, with ``summary.json``, ``figures/*.svg`` and ``data/*.csv``.

    ``summary.json`` holds the records, so every figure of the page. ``query_page`` is the link to a report of
    ``queries`` of its own. The same records give the same bytes; each file is whole or absent, the page last.
    """
    folder = Path(folder)
    drawn = {plot.name: plot for record in records for plot in study_plots(record)}
    for plot in drawn.values():
        write_text(folder / "figures" / f"{plot.name}.svg", plot.svg)
    for record in records:
        for table in study_tables(record):
            if table.rows:
                write_text(folder / "data" / f"{table.name}.csv", table.csv())
    summary = {
        "studies": {record.study: record.model_dump(mode="json") for record in records},
        "queries": _verdict(queries),
    }
    write_json(folder / SUMMARY, summary)
    page = study_page(
        records,
        drawn,
        title=title or " and ".join(record.study for record in records),
        queries=queries,
        query_plots=_of_queries(queries, folder),
        query_page=query_page,
    )
    return write_text(folder / PAGE, page)


def _of_queries(queries: EvaluationRecord | None, folder: Path) -> dict[str, Plot]:
    if queries is None:
        return {}
    found = {plot.name: plot for plot in plots(queries) if plot.name in QUERY_FIGURES}
    for plot in found.values():
        write_text(folder / "figures" / f"{plot.name}.svg", plot.svg)
    return found


def _verdict(queries: EvaluationRecord | None) -> dict[str, object] | None:
    if queries is None:
        return None
    kept = {"conclusion", "threshold", "measurements", "sweep", "tone_content"}
    return queries.model_dump(mode="json", include=kept)
