"""Documents cut into paragraphs: no voices are looked for, as in tools that filter by paragraph."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from eudaimon.core.document import Document
from eudaimon.curate.stages.spans import Names, Spans
from eudaimon.curate.voices.turn import NARRATOR

_LINE = re.compile(r"\n(?=[^\S\n]*\S)")
_ENDS = "\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
"""What ends a line besides the line feed."""


def paragraph_spans(documents: Sequence[Document]) -> Spans:
    """The lines of documents as segments of one voice, each with the empty lines after it.

    They tile the text. Empty lines at its beginning are a segment of their own. These are the parts that
    datatrove's filters read in their paragraph mode.
    """
    starts: list[int] = []
    ends: list[int] = []
    first = [0]
    for document in documents:
        if text := document.text:
            begun = len(starts)
            starts.append(0)
            starts += _plain_starts(text) if not any(end in text for end in _ENDS) else _starts(text)
            ends += starts[begun + 1 :]
            ends.append(len(text))
        first.append(len(starts))
    texts = tuple(document.text for document in documents)
    return narrated(texts, *(np.array(each, dtype=np.int64) for each in (first, starts, ends)))


def narrated(
    texts: tuple[str, ...],
    first: Int[np.ndarray, " documents+1"],
    start: Int[np.ndarray, " rows"],
    end: Int[np.ndarray, " rows"],
) -> Spans:
    """Spans ``[start, end)`` of which the narrator says all; those of text ``k`` begin at ``first[k]``."""
    same = np.zeros(len(start), dtype=np.int32)
    nobody = np.full(len(start), -1, dtype=np.int32)
    voice = Names(same, (NARRATOR,))
    return Spans(texts, first, start, end, nobody, voice, Names(same, ("",)), Names(same, ("",)), {})


def _plain_starts(text: str) -> list[int]:
    """Where lines with words begin, but for the first line, where only line feeds end a line."""
    return [match.end() for match in _LINE.finditer(text)]


def _starts(text: str) -> list[int]:
    found, at = [], 0
    for line in text.splitlines(keepends=True):
        if at and not line.isspace():
            found.append(at)
        at += len(line)
    return found
