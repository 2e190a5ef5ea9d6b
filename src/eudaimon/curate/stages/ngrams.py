"""What a linear model sees of a segment: its words, the pairs of words in it, and the stems of long words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float, Int, UInt32, UInt64

from eudaimon.curate.stages.compiled import halves
from eudaimon.curate.stages.hashing import pair_hashes, stem_hashes
from eudaimon.curate.stages.ngrams_kernel import FOUR, sums_kernel
from eudaimon.curate.stages.words import Words

_SLOT_BITS, _PRINT_BITS = 20, 16
_SLOT = np.uint64(64 - _SLOT_BITS)
_PRINT = np.uint64(64 - _SLOT_BITS - _PRINT_BITS)
_LOW = np.uint32(0xFFFF)
MOST = 65_535
"""The most n-grams of a vocabulary."""


def ngrams(words: Words) -> Iterator[tuple[UInt64[np.ndarray, " found"], Int[np.ndarray, " found"]]]:
    """The hashes of words, then of pairs, then of stems, each with the number of the word it begins at.

    Each kind comes segment by segment. A pair is two words that follow each other in what a voice says
    itself; what it quotes may stand between them.
    """
    order = words.by_owner
    hashes, owners = words.hash[order], words.owner[order]
    yield hashes, order
    same = np.flatnonzero(owners[:-1] == owners[1:])
    yield pair_hashes(hashes[same], hashes[same + 1]), order[same]
    stems = words.stem[order]
    long = np.flatnonzero(stems)
    yield stem_hashes(stems[long]), order[long]


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The n-grams that a model knows, by hash; number ``k`` is the one with ``keys[k]``.

    Looking up compares 36 of the 64 bits of a hash. Raises `ValueError` where two keys share the first 20:
    `Vocabulary.fitting` keeps the first of each.
    """

    keys: UInt64[np.ndarray, " known"]
    _last: dict[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        slots = self.keys >> _SLOT
        if len(self.keys) > MOST or len(np.unique(slots)) < len(slots):
            raise ValueError(f"a vocabulary holds up to {MOST} keys, each with a slot of its own")

    @classmethod
    def fitting(cls, keys: UInt64[np.ndarray, " wanted"], most: int = MOST) -> Vocabulary:
        """The first ``most`` of these keys that have a slot of their own."""
        _, first = np.unique(keys >> _SLOT, return_index=True)
        return cls(keys[np.sort(first)[: min(most, MOST)]])

    @cached_property
    def _table(self) -> UInt32[np.ndarray, " slots"]:
        table = np.full(1 << _SLOT_BITS, _LOW, dtype=np.uint32)
        prints = (self.keys >> _PRINT).astype(np.uint32) << np.uint32(16)
        table[self.keys >> _SLOT] = prints | np.arange(len(self.keys), dtype=np.uint32)
        return table

    def numbers(
        self, hashes: UInt64[np.ndarray, " found"]
    ) -> tuple[Int[np.ndarray, " known"], Int[np.ndarray, " known"]]:
        """Which of the hashes are known, and their numbers."""
        entries = self._table[(hashes >> _SLOT).astype(np.int64)]
        fit = (entries >> np.uint32(16)) == ((hashes >> _PRINT).astype(np.uint32) & _LOW)
        known = np.flatnonzero(fit & (entries & _LOW != _LOW))
        return known, (entries[known] & _LOW).astype(np.int32)

    def sums(
        self, words: Words, weights: Float[np.ndarray, "known heads"], rows: int
    ) -> Float[np.ndarray, "rows heads"]:
        """For each row the sum of the weights of the known n-grams in it, repeated ones as often."""
        if kernel := sums_kernel():
            by_slot, table, heads = self._by_slot(weights)
            read = words.hash, words.stem, words.owner, words.starts
            sums = kernel(read, words.begins, words.first, table, by_slot, heads)
            return np.asarray(sums[: weights.shape[1]].T)
        total = np.zeros((rows, weights.shape[1]), dtype=np.float32)
        for where, numbers in self.found(words):
            counts = np.bincount(words.owner[where], minlength=rows)
            total += _sum_rows(numbers, np.concatenate([[0], np.cumsum(counts)]), weights)
        return total

    def _by_slot(
        self, weights: Float[np.ndarray, "known heads"]
    ) -> tuple[Float[np.ndarray, " known*padded"], tuple[np.ndarray, np.ndarray, np.ndarray], int]:
        """What `sum_weights` asks for; made once for the same weights."""
        if self._last.get("weights") is not weights:
            slots = (self.keys >> _SLOT).astype(np.int64)
            order = np.argsort(slots)
            heads = -(-weights.shape[1] // FOUR) * FOUR
            padded = np.zeros((len(weights), heads), dtype=np.float32)
            padded[:, : weights.shape[1]] = weights[order]
            used = np.zeros(1 << _SLOT_BITS, dtype=np.uint8)
            used[slots] = 1
            before = np.cumsum(used.reshape(-1, 64).sum(axis=1, dtype=np.int64))
            table = (
                np.packbits(used, bitorder="little").view("<u8"),
                np.concatenate([[0], before[:-1]]).astype(np.uint16),
                np.append((self.keys[order] >> _PRINT).astype(np.uint16), np.uint16(0)),
            )
            small = padded.astype(np.float16)
            if halves() and (small == padded).all():
                padded = small.view(np.uint16)  # More of them stay in a processor's caches.
            self._last.update(weights=weights, made=(padded.reshape(-1), table, heads))
        made: tuple[np.ndarray, tuple[np.ndarray, np.ndarray, np.ndarray], int] = self._last["made"]
        return made

    def found(self, words: Words) -> Iterator[tuple[Int[np.ndarray, " known"], Int[np.ndarray, " known"]]]:
        """For each kind of n-gram where the known ones begin, as numbers of words, and their numbers."""
        for hashes, where in ngrams(words):
            known, numbers = self.numbers(hashes)
            yield where[known], numbers


def _sum_rows(
    numbers: Int[np.ndarray, " known"],
    ends: Int[np.ndarray, " rows+1"],
    weights: Float[np.ndarray, "known heads"],
) -> Float[np.ndarray, "rows heads"]:
    from scipy.sparse import csr_array

    ones = np.ones(len(numbers), dtype=np.float32)
    matrix = csr_array((ones, numbers, ends.astype(np.int32)), shape=(len(ends) - 1, len(weights)))
    return np.asarray(matrix @ weights)
