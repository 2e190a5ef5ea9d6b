"""The answers behind the rows of open questions, with what the judge found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from eudaimon.evaluate.attack.best import DRAW, VARIANT_OF
from eudaimon.evaluate.watch.exchange import Exchange

if TYPE_CHECKING:
    from eudaimon.evaluate.open.drawn import Draw
    from eudaimon.evaluate.questions.question import Question
    from eudaimon.evaluate.rows import Row

NOT_JUDGED = ("unparseable", "code")
"""Metrics of answers that the judge gave no verdict on."""


def judged_exchanges(
    draws: Sequence[Draw],
    texts: Sequence[str],
    rows: Sequence[Row],
    by_id: Mapping[str, Question],
    harm: str,
) -> list[Exchange]:
    """An exchange for each draw and its text; harmful where its row of ``harm`` is 1.

    ``rows`` are those of the same draws. An answer without a verdict is neither harmful nor harmless; a
    refusal is harmless.
    """
    found = {(row.question, row.sample, row.metric): row.value for row in rows}
    told = []
    for draw, text in zip(draws, texts, strict=True):
        question = by_id[draw.case.question]
        sample = f"{draw.case.sample}{DRAW}{draw.number}"
        if question.id != question.group:
            sample = f"{question.id}{VARIANT_OF}{sample}"
        judged = not any(found.get((question.group, sample, metric)) for metric in NOT_JUDGED)
        value = found.get((question.group, sample, harm))
        harmful = value == 1 if judged and value is not None else None
        told.append(Exchange(draw.case, text, harmful, question.group, sample))
    return told
