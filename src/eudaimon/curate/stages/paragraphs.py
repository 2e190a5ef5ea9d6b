"""Paragraphs as segments: lines with the blank lines after them, which tile a text; no voice is told."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from eudaimon.core.document import Document
from eudaimon.curate.stages.spans import Names, Spans
from eudaimon.curate.voices.turn import NARRATOR


def paragraphs(text: str) -> list[int]:
    """Where the paragraphs of a text end, in code points: each begins where the one before ends.

    A paragraph is a line with all blank lines after it; blank lines at the top are one of their own.
    """
    ends: list[int] = []
    position = 0
    for line in text.splitlines(keepends=True):
        if position and not line.isspace():
            ends.append(position)
        position += len(line)
    if position:
        ends.append(position)
    return ends


def spans_of_paragraphs(documents: Sequence[Document]) -> Spans:
    """The paragraphs of documents as segments of the narrator, whatever segments the documents have."""
    found = [paragraphs(document.text) for document in documents]
    first = np.concatenate([[0], np.cumsum([len(ends) for ends in found])]).astype(np.int64)
    end = np.array([place for ends in found for place in ends], dtype=np.int64)
    start = np.concatenate([[0], end[:-1]]).astype(np.int64)[: len(end)]
    start[first[:-1][np.diff(first) > 0]] = 0
    nothing = np.zeros(len(end), dtype=np.int32)
    return Spans(
        tuple(document.text for document in documents),
        first,
        start,
        end,
        nothing - 1,
        Names(nothing, (NARRATOR,)),
        Names(nothing, ("",)),
        Names(nothing, ("",)),
        {},
    )
