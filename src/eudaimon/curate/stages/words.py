"""The words of many segments as hashes, found for the whole batch at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int, UInt8, UInt64

from eudaimon.curate.stages.hashing import FIRST, MASKS, SECOND, STEM, THIRD, mixed
from eudaimon.curate.stages.letters import BLANK, letters, quick_tables
from eudaimon.curate.stages.span_bytes import eights, span_bytes
from eudaimon.curate.stages.spans import Spans, ranges
from eudaimon.curate.stages.words_kernel import words_kernel


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """The words of a batch in order: runs of letters, each with its hash and the row that says it.

    ``owner`` is the innermost segment around a word: what a voice quotes is not its own. Words in no segment
    have owner -1. ``begin`` and ``stop`` are places in ``letters``, where each word has a `BLANK` before and
    after it; ``stem`` is the hash of the first `STEM` letters, 0 for words that are not longer. Of words over
    16 letters the first 16 and the length count. ``starts`` are the places of the words' first code points in
    the joined texts, ``ends`` those after their last ones, ``begins`` those at which the texts begin.
    ``first`` is that of `Spans`.
    """

    letters: UInt8[np.ndarray, " letters"]
    begin: Int[np.ndarray, " words"]
    stop: Int[np.ndarray, " words"]
    hash: UInt64[np.ndarray, " words"]
    stem: UInt64[np.ndarray, " words"]
    owner: Int[np.ndarray, " words"]
    starts: Int[np.ndarray, " words"]
    ends: Int[np.ndarray, " words"]
    begins: Int[np.ndarray, " texts"]
    first: Int[np.ndarray, " texts+1"]

    def __len__(self) -> int:
        return len(self.begin)

    @property
    def by_owner(self) -> Int[np.ndarray, " owned"]:
        """The numbers of all words that are in a segment, one segment's after the other's, in order."""
        owner = self.owner
        sorted_ = bool((owner[1:] >= owner[:-1]).all())
        order = np.arange(len(owner)) if sorted_ else np.argsort(owner, kind="stable")
        return order[np.searchsorted(owner[order], 0) :]

    def counts(self, rows: int) -> Int[np.ndarray, " rows"]:
        """How many words each row has."""
        return np.bincount(self.owner + 1, minlength=rows + 1)[1:]


def words_of(spans: Spans) -> Words:
    """The words of all texts of the spans, and whose they are; found once for the same spans."""
    words = spans.shared.get("words")
    if not isinstance(words, Words):
        kernel = words_kernel() if spans.texts else None
        words = spans.shared["words"] = _words_by(kernel, spans) if kernel else _words(spans)
    return words


def _words_by(kernel: Callable[..., Any], spans: Spans) -> Words:
    """What `_words` finds, with places of 32 bits; a batch of more than 2 GB does not come in one piece."""
    of = span_bytes(spans)
    framed = np.empty(len(of.encoded) + len(spans.texts) + 24, dtype=np.uint8)
    begins = _begins(spans)
    shift = begins[spans.document]
    n_letters, (begin, stop), (hashes, stems), owner, (starts, ends) = kernel(
        of.data,
        of.texts,
        quick_tables(),
        framed,
        eights(framed),
        (spans.start + shift, spans.end + shift, spans.depth),
    )
    return Words(
        framed[: n_letters + 22], begin, stop, hashes, stems, owner, starts, ends, begins, spans.first
    )


def _words(spans: Spans) -> Words:
    found, kept, begins = letters(spans.texts)
    framed = np.full(len(found) + 24, BLANK, dtype=np.uint8)
    framed[1 : len(found) + 1] = found
    is_letter = framed != BLANK
    edges = np.flatnonzero(is_letter[1:] != is_letter[:-1]) + 1
    begin, stop = edges[::2], edges[1::2]
    hashes, stems = _hashes(framed, begin, stop - begin)
    starts = begin - 1 if kept is None else kept[begin - 1]
    ends = stop - 1 if kept is None else kept[stop - 2] + 1
    owner = _owners(spans, begins, starts)
    return Words(framed, begin, stop, hashes, stems, owner, starts, ends, begins, spans.first)


def _hashes(
    framed: UInt8[np.ndarray, " n"], begin: Int[np.ndarray, " words"], length: Int[np.ndarray, " words"]
) -> tuple[UInt64[np.ndarray, " words"], UInt64[np.ndarray, " words"]]:
    by_eight = eights(framed)
    head = by_eight[begin] & MASKS[np.minimum(length, 8)]
    hashed = head * FIRST
    long = np.flatnonzero(length > 8)
    tail = by_eight[begin[long] + 8] & MASKS[np.minimum(length[long] - 8, 8)]
    hashed[long] ^= (tail + length[long].astype(np.uint64) * THIRD) * SECOND
    stem = (head & MASKS[STEM]) * SECOND
    stem[length <= STEM] = 0
    return mixed(hashed), stem


def _begins(spans: Spans) -> Int[np.ndarray, " texts"]:
    """Where texts begin among the code points of all of them with one between two."""
    lengths = np.fromiter((len(text) + 1 for text in spans.texts), dtype=np.int64, count=len(spans.texts))
    return np.cumsum(lengths) - lengths


def _owners(
    spans: Spans, begins: Int[np.ndarray, " texts"], places: Int[np.ndarray, " words"]
) -> Int[np.ndarray, " words"]:
    owner = np.full(len(places), -1, dtype=np.int64)
    if not len(spans):
        return owner
    shift = begins[spans.document]
    low = np.searchsorted(places, spans.start + shift)
    high = np.maximum(low, np.searchsorted(places, spans.end + shift))
    depth = spans.depth
    for level in range(int(depth.max()) + 1):
        rows = np.flatnonzero(depth == level)
        owner[ranges(low[rows], high[rows])] = np.repeat(rows, high[rows] - low[rows])
    return owner
