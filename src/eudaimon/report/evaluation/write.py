"""Write the report of an evaluation: figures and data first, the page last."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

from markupsafe import Markup

from eudaimon.core.files import write_json, write_text
from eudaimon.evaluate.battery.record import BatteryRecord
from eudaimon.report.evaluation.doses import dose_curves
from eudaimon.report.evaluation.separability import separability_curves
from eudaimon.report.evaluation.tables import evaluation_tables
from eudaimon.report.evaluation.watched import lines
from eudaimon.report.page import draw_all, environment
from eudaimon.report.write import write_parts

PAGE, RECORD = "report.html", "record.json"
FIGURES = {
    "doses": (dose_curves, "Harm dose by dose"),
    "separability": (separability_curves, "Told apart inside, layer by layer"),
}
SHEETS = ("templates/report.css", "templates/study/study.css")
SECTIONS = (
    ("result", "Mean and worst case"),
    ("doses", "Dose by dose"),
    ("judge-free", "Without a judge"),
    ("costs", "What safety cost"),
    ("monitors", "A monitor inside the attacks"),
    ("gaps", "What was not run"),
    ("attacks", "The attacks"),
    ("run", "What was run"),
)
"""Anchor and title of each section; those that the record has nothing for are left out."""
UNATTACKED = "no attack"


def write_evaluation(record: BatteryRecord, folder: str | Path) -> Path:
    """The path of ``report.html`` in ``folder``, with ``record.json``, ``figures/*.svg`` and ``data/*.csv``.

    The page is one self-contained file; the same record gives the same bytes, and the page comes last.
    """
    folder = Path(folder)
    figures: dict[str, Any] = {**FIGURES}
    drawn = {plot.name: plot for plot in draw_all(figures, record)}
    write_parts(folder, figures, drawn, evaluation_tables(record))
    write_json(folder / RECORD, record.model_dump(mode="json"))
    room = resources.files("eudaimon.report")
    sheet = "\n".join(room.joinpath(name).read_text(encoding="utf-8") for name in SHEETS)
    held = {"costs": record.costs, "monitors": record.watched, "judge-free": record.judge_free}
    empty = {name for name, what in held.items() if not what}
    page = (
        environment()
        .get_template("evaluation/page.html")
        .render(
            record=record,
            plots=drawn,
            watched=lines(
                (
                    (one.subject, *((one.attack, one.variant) if one.budget else (UNATTACKED,))),
                    one.budget,
                    one.what,
                    one.score,
                )
                for one in record.watched
            ),
            title=f"Evaluation of {', '.join(one.name for one in record.subjects)}",
            sections=[(key, text) for key, text in SECTIONS if key not in empty],
            # Safe: packaged with this room, holds nothing from data.
            sheet=Markup(sheet),
        )
    )
    return write_text(folder / PAGE, page)
