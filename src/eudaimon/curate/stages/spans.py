"""The segments of many documents as arrays: no object for each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Int

from eudaimon.core.document import Document, Segment
from eudaimon.curate.voices.compiled.batch import VoiceArrays, voice_arrays
from eudaimon.curate.voices.compiled.kernels import are_loaded
from eudaimon.curate.voices.find import Row, segment_rows

_DEEPEST = 64
# Code points in a batch: with fewer the patterns are done before the compiled loops are loaded.
_MANY = 100_000
Segmenter: TypeAlias = Callable[[str], Sequence[Segment]]


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """Strings of many rows, each stored once: ``codes`` index ``values``."""

    codes: Int[np.ndarray, " rows"]
    values: tuple[str, ...]

    @classmethod
    def of(cls, strings: Iterable[str]) -> Names:
        """The strings, each coded by where it first appears."""
        rows = list(strings)
        known = {string: code for code, string in enumerate(dict.fromkeys(rows))}
        codes = np.fromiter(map(known.__getitem__, rows), dtype=np.int32, count=len(rows))
        return cls(codes, tuple(known))

    def only(self, rows: slice) -> Names:
        """The strings of these rows."""
        return Names(self.codes[rows], self.values)

    def joined(self, other: Names, rows: Int[np.ndarray, " rows"]) -> Names:
        """Of these strings and then the others, those of these rows."""
        known = {value: code for code, value in enumerate(self.values)}
        codes = [known.setdefault(value, len(known)) for value in other.values]
        both = np.concatenate([self.codes, np.array(codes, dtype=np.int32)[other.codes]])
        return Names(both[rows], tuple(known))

    def as_found(self) -> Names:
        """The same strings, coded by where they first appear, as `of` does, and no others."""
        first = np.full(len(self.values), len(self.codes))
        rows = np.arange(len(self.codes))
        first[self.codes[::-1]] = rows[::-1]  # of several rows the one that is written last stays
        order = np.argsort(first)[: np.count_nonzero(first < len(self.codes))]
        codes = np.empty(len(self.values), dtype=np.int32)
        codes[order] = np.arange(len(order), dtype=np.int32)
        return Names(codes[self.codes], tuple(self.values[code] for code in order.tolist()))

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

    def only(self, number: int) -> Spans:
        """The spans of one of the documents."""
        rows = slice(int(self.first[number]), int(self.first[number + 1]))
        return Spans(
            (self.texts[number],),
            np.array([0, rows.stop - rows.start], dtype=np.int64),
            self.start[rows],
            self.end[rows],
            self.parent[rows],
            self.voice.only(rows),
            self.persona.only(rows),
            self.subject.only(rows),
            {0: self.errors[number]} if number in self.errors else {},
        )

    def replaced(
        self, numbers: Int[np.ndarray, " some"], other: Spans
    ) -> tuple[Spans, Int[np.ndarray, " rows"]]:
        """These spans with those of ``other`` in place of those of the documents of these numbers.

        Also which rows of these and then of the other spans they are.
        """
        low, high = self.first[:-1].copy(), self.first[1:].copy()
        low[numbers], high[numbers] = len(self) + other.first[:-1], len(self) + other.first[1:]
        rows = ranges(low, high)
        places = {int(number): place for place, number in enumerate(numbers)}
        errors = {number: reason for number, reason in self.errors.items() if number not in places}
        errors |= {number: other.errors[k] for number, k in places.items() if k in other.errors}
        spans = Spans(
            self.texts,
            np.concatenate([[0], np.cumsum(high - low)]),
            np.concatenate([self.start, other.start])[rows],
            np.concatenate([self.end, other.end])[rows],
            np.concatenate([self.parent, other.parent])[rows],
            self.voice.joined(other.voice, rows),
            self.persona.joined(other.persona, rows),
            self.subject.joined(other.subject, rows),
            errors,
        )
        return spans, rows

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

    The default segmenter is `eudaimon.curate.segments`; where numba is installed, loops that it compiles find
    the same. What a segmenter raises becomes the document's error.
    """
    given = np.array([document.segments is not None for document in documents], dtype=bool)
    found = None
    if segmenter is None:
        texts = ["" if has else document.text for document, has in zip(documents, given, strict=True)]
        found = voice_arrays(texts) if are_loaded() or sum(map(len, texts)) >= _MANY else None
    if found is None:
        return _one_by_one(documents, segmenter)
    spans = _spans(tuple(document.text for document in documents), found)
    given[found.left] = True
    rest = np.flatnonzero(given)
    if rest.size:
        spans, _ = spans.replaced(rest, _one_by_one([documents[number] for number in rest.tolist()], None))
    voice, persona, subject = (names.as_found() for names in (spans.voice, spans.persona, spans.subject))
    return replace(spans, voice=voice, persona=persona, subject=subject)


def _spans(texts: tuple[str, ...], found: VoiceArrays) -> Spans:
    """The spans of texts whose voices are found."""
    voice, persona, subject = (
        Names(codes.astype(np.int32, copy=False), found.strings)
        for codes in (found.voice, found.persona, found.subject)
    )
    return Spans(texts, found.first, found.start, found.end, found.parent, voice, persona, subject, {})


def _one_by_one(documents: Sequence[Document], segmenter: Segmenter | None) -> Spans:
    """What `spans_of` finds, document by document."""
    found: list[Row] = []
    first = [0]
    errors: dict[int, str] = {}
    for number, document in enumerate(documents):
        try:
            if document.segments is not None:
                found += map(_row, document.segments)
            elif segmenter is not None:
                found += map(_row, segmenter(document.text))
            else:
                found += segment_rows(document.text)
        except Exception as error:  # One document must not stop a corpus; its row says why.
            errors[number] = f"voices: {type(error).__name__}: {error}"
        first.append(len(found))
    start, end, voice, persona, parent, subject = zip(*found, strict=True) if found else ((),) * 6
    return Spans(
        tuple(document.text for document in documents),
        np.array(first, dtype=np.int64),
        np.array(start, dtype=np.int64),
        np.array(end, dtype=np.int64),
        np.array([-1 if above is None else above for above in parent], dtype=np.int32),
        Names.of(voice),
        Names.of(persona),
        Names.of(subject),
        errors,
    )


def _row(segment: Segment) -> Row:
    return segment.start, segment.end, segment.voice, segment.persona, segment.parent, segment.subject


def ranges(low: Int[np.ndarray, " n"], high: Int[np.ndarray, " n"]) -> Int[np.ndarray, " total"]:
    """The numbers of all ranges ``low[k]:high[k]``, one range after the other."""
    sizes = high - low
    ends = np.cumsum(sizes)
    return np.asarray(np.repeat(low - (ends - sizes), sizes) + np.arange(ends[-1] if len(ends) else 0))
