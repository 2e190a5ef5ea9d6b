"""The HTML page of a data safety card: templates filled from its record, every text escaped."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any

from markupsafe import Markup

from eudaimon.curate.card.record import CardRecord
from eudaimon.report.card import amounts, reading
from eudaimon.report.page import Plot, environment

SHEETS = ("templates/report.css", "templates/study/study.css", "templates/card/card.css")
SECTIONS = (
    ("card", "Card"),
    ("sources", "Before and after"),
    ("scores", "Scores"),
    ("removed", "What is acted on"),
    ("examples", "Examples"),
    ("policy", "The policy"),
    ("audit", "Audit"),
    ("controls", "Controls"),
    ("cost", "Cost"),
    ("run", "What was run"),
)
"""Anchor and title of each section; one that the record holds nothing for is left out, but not the audit."""


def card_page(record: CardRecord, drawn: Mapping[str, Plot]) -> str:
    """The whole page as text: no script, no outside resource, nothing of the data unescaped."""
    room = resources.files("eudaimon.report")
    sheet = "\n".join(room.joinpath(name).read_text(encoding="utf-8") for name in SHEETS)
    found = sections(record)
    filters = (amounts.amount, amounts.share, amounts.share_interval, amounts.hours, cut)
    return (
        environment(*filters)
        .get_template("card/page.html")
        .render(
            record=record,
            plots=drawn,
            sections=found,
            keys=[key for key, _ in found],
            reading=reading,
            # Safe: packaged with this room, holds nothing from data.
            sheet=Markup(sheet),
        )
    )


def sections(record: CardRecord) -> tuple[tuple[str, str], ...]:
    """The sections that the page has, in order."""
    holds: dict[str, Any] = {
        "sources": record.sources,
        "scores": sum(record.histogram.kept) + sum(record.histogram.removed),
        "removed": record.removed,
        "examples": record.examples,
        "controls": record.controls,
        "cost": record.stages,
    }
    return tuple((key, title) for key, title in SECTIONS if holds.get(key, True))


def cut(text: str, length: int) -> str:
    """The text in at most ``length`` characters, its lines as they are."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
