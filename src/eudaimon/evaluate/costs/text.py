"""Text that a model should still know: what is harmless, and what tells of harm without doing any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from eudaimon.evaluate.cost.cost import SEPARATOR, Cost, Metric
from eudaimon.evaluate.rows import Label, Row
from eudaimon.evaluate.subject import subject_hash

if TYPE_CHECKING:
    from eudaimon.core.document import Document
    from eudaimon.evaluate.cost.open import OpenCosts
    from eudaimon.evaluate.town.ground import TownGround
    from eudaimon.models.model import Model

START, N_DOCUMENTS = 31_000_000, 240
"""The number of the town's first document that is read, which no corpus has, and how many are."""
READ = ("clean", "depicting", "good")
GENRES = ("history", "law", "medicine", "fiction")
"""Genres of the packaged passages that are also told apart: where harm is a subject by trade."""


def _in_town(model: Model, ground: TownGround, label: Label) -> list[Row]:
    return _rows(model, list(ground.world.documents(N_DOCUMENTS, start=START)), label)


def _in_open(model: Model, ground: OpenCosts, label: Label) -> list[Row]:
    from eudaimon.data.passages import gold_passages

    passages = ground.drawn(gold_passages())
    parts = {each.document.id: each.genre for each in passages if each.genre in GENRES}
    rows = _rows(model, [each.document for each in passages], label)
    rows += [
        replace(row, metric=f"{row.metric}{SEPARATOR}{genre}")
        for row in rows
        if (genre := parts.get(row.question.removeprefix("document/")))
    ]
    for name, documents in ground.texts.items():
        rows += _rows(model, list(documents), label, f"{SEPARATOR}{name}")
    return rows


def _rows(model: Model, documents: Sequence[Document], label: Label, part: str = "") -> list[Row]:
    from eudaimon.evaluate.class_bits import class_bits

    subject, rows = subject_hash(model, label), []
    for document, found in zip(documents, class_bits(model, documents), strict=True):
        for name in READ:
            if name in found:
                question, metric, value = (
                    f"document/{document.id}",
                    f"{name}_bits{part}",
                    found[name].per_byte,
                )
                rows.append(label.row(question, "0", metric, value, judge="likelihood", subject=subject))
    return rows


COST = Cost(
    name="text",
    title="clean and depicting text",
    asks="Does it still predict harmless text, and text that tells of harm: history, law, medicine, fiction?",
    metrics=(
        Metric(
            "depicting_bits", "Text that tells of harm, reports or condemns it.", "bits per byte", "lower"
        ),
        Metric("clean_bits", "Text in which nobody harmful has a voice.", "bits per byte", "lower"),
        Metric("good_bits", "What good personas say.", "bits per byte", "lower"),
    ),
    source="likelihood of packaged passages with labelled voices; the town's documents that no corpus has",
    in_town=_in_town,
    in_open=_in_open,
)
