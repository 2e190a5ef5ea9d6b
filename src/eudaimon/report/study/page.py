"""The HTML page of one or more studies: templates filled from records, every text escaped, figures inline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from markupsafe import Markup

from eudaimon.monitor.records import EvaluationRecord
from eudaimon.report import words
from eudaimon.report.page import Plot, environment
from eudaimon.report.reading import measured, systems
from eudaimon.report.study import attack_reading, reading
from eudaimon.study.records import StudyRecord

SHEETS = ("templates/report.css", "templates/study/study.css")
PARTS = (
    ("answer", "Result"),
    ("words", "In plain words"),
    ("hypotheses", "Hypotheses"),
    ("table", "Table"),
    ("known", "Known answers"),
    ("contrasts", "Contrasts"),
    ("equivalence", "Equivalence"),
    ("curves", "Along training"),
    ("phases", "Phase transitions"),
    ("squares", "Training against inference"),
    ("transfers", "Whose harm moves whom"),
    ("probes", "Which modules carry the lesson"),
    ("judges", "Two judges"),
    ("reactivation", "Bringing the persona back"),
    ("census", "What the census found"),
    ("fronts", "Safety against capability"),
    ("monitors", "Monitors of the town"),
    ("run", "What was run"),
)
"""Anchor and title of each part of a study; a part that the record holds nothing for is left out."""


def study_page(
    records: Sequence[StudyRecord],
    drawn: Mapping[str, Plot],
    *,
    title: str,
    queries: EvaluationRecord | None = None,
    query_plots: Mapping[str, Plot] | None = None,
    query_page: str = "",
) -> str:
    """The whole page as text: no script, no outside resource, nothing of the data unescaped.

    ``queries`` is the record of a monitor on real queries, shown in short with ``query_plots``; its own
    page, beside this one, is linked as ``query_page``.
    """
    room = resources.files("eudaimon.report")
    sheet = "\n".join(room.joinpath(name).read_text(encoding="utf-8") for name in SHEETS)
    return (
        environment(words.probability)
        .get_template("study/page.html")
        .render(
            title=title,
            studies=[{"record": record, "parts": parts(record)} for record in records],
            plots={**drawn, **(query_plots or {})},
            queries=queries,
            query_page=query_page,
            reading=reading,
            attack_reading=attack_reading,
            systems=query_systems(queries),
            # Safe: packaged with this room, holds nothing from data.
            sheet=Markup(sheet),
        )
    )


def parts(record: StudyRecord) -> tuple[tuple[str, str], ...]:
    """The parts of a study that its record holds something for, in the order of the page."""
    holds: dict[str, Any] = {
        "answer": True,
        "words": record.reactivation and record.reactivation.words,
        "hypotheses": record.hypotheses,
        "table": record.cells,
        "known": any(answer.passed is not None for answer in record.known_answers),
        "contrasts": record.contrasts,
        "equivalence": record.equivalences,
        "curves": record.curves,
        "phases": reading.change_places(record),
        "squares": reading.squares(record),
        "transfers": record.transfers is not None and record.transfers.cells,
        "probes": record.probes,
        "judges": record.two_judges,
        "reactivation": record.reactivation,
        "census": record.census,
        "fronts": record.reactivation and (record.reactivation.fronts or record.reactivation.costs),
        "monitors": record.monitors,
        "run": True,
    }
    return tuple((key, heading) for key, heading in PARTS if holds[key])


def query_systems(queries: EvaluationRecord | None) -> list[tuple[str, Any, Any]]:
    """Name, AUROC and TPR at 1 % FPR of each system on real queries; nothing without a record."""
    if queries is None:
        return []
    return [
        (system, measured(queries, system, "auroc"), measured(queries, system, "tpr_at_1pct_fpr"))
        for system in systems(queries)
    ]
