"""Rows that a stage is asked about: their excerpts, and its answers in the place of what stood there."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
from jaxtyping import Int

from eudaimon.curate.stages.batch import CODED, Batch
from eudaimon.curate.stages.excerpt import Excerpt, excerpt
from eudaimon.curate.voices.turn import MARKUP

log = logging.getLogger(__name__)

ESCALATED, DOUBTED = "escalated", "doubted"
"""Columns of marks: rows for the encoder, rows for the judge."""
CHANCE = "chance"
"""A column: the probability with which a row goes to the judge."""
AT_ONCE = 1024
"""Excerpts of one call of a stage: what bounds its memory."""

Label: TypeAlias = Callable[[Int[np.ndarray, " chosen"]], Mapping[str, np.ndarray]]
"""Rows of a batch in, columns of answers on them out."""


def voices(batch: Batch) -> np.ndarray:
    """Which rows somebody says: all but markup and empty spans."""
    spans = batch.spans
    markup = [code for code, name in enumerate(spans.voice.values) if name == MARKUP]
    return np.asarray(~np.isin(spans.voice.codes, markup) & (spans.end > spans.start))


def excerpts_of(batch: Batch, rows: Int[np.ndarray, " chosen"]) -> list[Excerpt]:
    """The excerpts of these rows, in order."""
    spans = batch.spans
    owner = spans.document
    found = []
    for row in rows.tolist():
        number = int(owner[row])
        parent = int(spans.parent[row])
        outer = int(spans.first[number]) + parent if parent >= 0 else row
        found.append(
            excerpt(
                spans.texts[number],
                int(spans.start[row]),
                int(spans.end[row]),
                frame=(int(spans.start[outer]), int(spans.end[outer])),
                voice=spans.voice[row],
            )
        )
    return found


def apply_to_rows(batch: Batch, mark: str, number: int, label: Label) -> Batch:
    """The batch with the answers of ``label`` in the rows that the column ``mark`` marks.

    Without that column all voices are asked about. ``label`` gives columns as in `Batch`, and may say in one
    named ``error`` why a segment has no answer. Then, and where it raises, the document gets an error and the
    rows stay as they were; other documents go on. Rows for which a column ``answered`` is False stay without
    an error. Columns that ``label`` does not give stay too.
    """
    marked = batch.columns.get(mark)
    failed = np.isin(batch.spans.document, list(batch.errors))
    rows = np.flatnonzero((voices(batch) if marked is None else marked.astype(bool)) & ~failed)
    errors: dict[int, str] = {}
    columns: dict[str, np.ndarray] = {}
    for start in range(0, len(rows), AT_ONCE):
        chosen = rows[start : start + AT_ONCE]
        for some, answers in _answers(batch, chosen, label, number, errors):
            _place(batch, columns, some, answers, number, errors)
    return batch.having(columns).failing(errors) if len(rows) else batch


def _answers(
    batch: Batch, rows: np.ndarray, label: Label, number: int, errors: dict[int, str]
) -> list[tuple[np.ndarray, Mapping[str, np.ndarray]]]:
    """The answers on these rows: all at once or, where that fails, document by document."""
    try:
        return [(rows, label(rows))]
    except Exception:
        log.exception(
            "stage %d failed on %d segments: they are tried document by document", number, len(rows)
        )
    found = []
    owner = batch.spans.document[rows]
    for document in np.unique(owner).tolist():
        some = rows[owner == document]
        try:
            found.append((some, label(some)))
        except Exception as error:  # One document must not stop a corpus; its row says why.
            errors[document] = f"stage {number}: {type(error).__name__}: {error}"
    return found


def _place(
    batch: Batch,
    columns: dict[str, np.ndarray],
    rows: np.ndarray,
    answers: Mapping[str, np.ndarray],
    number: int,
    errors: dict[int, str],
) -> None:
    """Write the answers into ``columns``, which begin as copies of the batch's."""
    reasons = answers.get("error", np.full(len(rows), "", dtype=object))
    for k in np.flatnonzero(reasons != "").tolist():
        row = int(rows[k])
        where = f"stage {number}, segment {int(batch.spans.index[row])}"
        errors.setdefault(int(batch.spans.document[row]), f"{where}: {reasons[k]}")
    good = np.asarray(answers.get("answered", np.ones(len(rows), dtype=bool))) & (reasons == "")
    for name, values in {**answers, "stage": np.full(len(rows), number)}.items():
        if name not in ("error", "answered"):
            columns.setdefault(name, _start(batch, name))[rows[good]] = values[good]


def _start(batch: Batch, name: str) -> np.ndarray:
    if name in batch.columns:
        return np.array(batch.columns[name])
    if name in CODED or name == "stage":
        return np.full(len(batch.spans), -1, dtype=np.int32)
    return np.full(len(batch.spans), np.nan)
