"""The segments of many documents as arrays: no object for each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Int

from eudaimon.core.document import Document, Segment
from eudaimon.curate.voices.find import segments

_DEEPEST = 64
Segmenter: TypeAlias = Callable[[str], Sequence[Segment]]


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """Strings of many rows, each stored once: ``codes`` index ``values``."""

    codes: Int[np.ndarray, " rows"]
    values: tuple[str, ...]

    @classmethod
    def of(cls, strings: Iterable[str]) -> Names:
        """The strings, each coded by where it first appears."""
        known: dict[str, int] = {}
        codes = [known.setdefault(string, len(known)) for string in strings]
        return cls(np.array(codes, dtype=np.int32), tuple(known))

    def __getitem__(self, row: int) -> str:
        return self.values[int(self.codes[row])]


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """The segments of documents, in order.

    Document ``k`` has the rows ``first[k]:first[k + 1]``; spans ``[start, end)`` are in code points of its
    text. ``parent`` is an index among the segments of the same document, or -1. ``errors`` says, by number,
    which documents could not be cut into segments; they have no rows.
    """

    texts: tuple[str, ...]
    first: Int[np.ndarray, " documents+1"]
    start: Int[np.ndarray, " rows"]
    end: Int[np.ndarray, " rows"]
    parent: Int[np.ndarray, " rows"]
    voice: Names
    persona: Names
    subject: Names
    errors: Mapping[int, str]
    shared: dict[str, Any] = field(default_factory=dict, repr=False)
    """What one stage found in the texts alone and the next need not find again."""

    def __len__(self) -> int:
        return len(self.start)

    @property
    def document(self) -> Int[np.ndarray, " rows"]:
        """The number of each row's document."""
        return np.repeat(np.arange(len(self.texts), dtype=np.int64), np.diff(self.first))

    @property
    def index(self) -> Int[np.ndarray, " rows"]:
        """The number of each segment among those of its document."""
        return np.asarray(np.arange(len(self)) - np.repeat(self.first[:-1], np.diff(self.first)))

    @property
    def depth(self) -> Int[np.ndarray, " rows"]:
        """How many segments each is quoted in."""
        depth = np.zeros(len(self), dtype=np.int64)
        begin = np.repeat(self.first[:-1], np.diff(self.first))
        rows = np.flatnonzero(self.parent >= 0)
        above = self.parent[rows] + begin[rows]
        # One step up for every pass: parents that go round in a circle must not hang it.
        for _ in range(_DEEPEST):
            if not rows.size:
                break
            depth[rows] += 1
            higher = self.parent[above] >= 0
            rows, above = rows[higher], above[higher]
            above = self.parent[above] + begin[above]
        return depth

    def strings(self) -> list[str]:
        """The text of each row."""
        starts, ends = self.start.tolist(), self.end.tolist()
        return [
            text[starts[row] : ends[row]]
            for text, (low, high) in zip(self.texts, pairwise(self.first.tolist()), strict=True)
            for row in range(low, high)
        ]


def spans_of(documents: Sequence[Document], segmenter: Segmenter | None = None) -> Spans:
    """The segments of documents: those that they have, else what the segmenter finds in their text.

    The default segmenter is `eudaimon.curate.segments`. What it raises becomes the document's error.
    """
    cut = segments if segmenter is None else segmenter
    found: list[Segment] = []
    first = [0]
    errors: dict[int, str] = {}
    for number, document in enumerate(documents):
        try:
            found += document.segments if document.segments is not None else cut(document.text)
        except Exception as error:  # One document must not stop a corpus; its row says why.
            errors[number] = f"voices: {type(error).__name__}: {error}"
        first.append(len(found))
    return Spans(
        tuple(document.text for document in documents),
        np.array(first, dtype=np.int64),
        np.array([segment.start for segment in found], dtype=np.int64),
        np.array([segment.end for segment in found], dtype=np.int64),
        np.array([-1 if segment.parent is None else segment.parent for segment in found], dtype=np.int32),
        Names.of(segment.voice for segment in found),
        Names.of(segment.persona for segment in found),
        Names.of(segment.subject for segment in found),
        errors,
    )
