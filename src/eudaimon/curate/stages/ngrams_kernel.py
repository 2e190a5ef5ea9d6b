"""The sums of n-grams' weights by a loop over words, which numba compiles: what `Vocabulary.sums` finds.

Several times as fast as numpy's arrays of n-grams and scipy's sparse matrices, and the same to the last bit:
for each row and each kind of n-gram the weights are added in the same order.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float, Int, UInt64
from numpy import ndarray

from eudaimon.curate.stages.compiled import Number, add_four, compiled
from eudaimon.curate.stages.hashing import mixed, pair_hashes, stem_hashes

FOUR = 4
"""Weights are added by fours: each n-gram has a multiple of that."""
_KINDS, _WORDS = 3, 256
_0, _1, _6, _28, _44, _63 = (np.uint64(n) for n in (0, 1, 6, 28, 44, 63))
_PRINT = np.uint64(0xFFFF)


@cache
def sums_kernel() -> Callable[..., Any] | None:
    """`sum_weights` compiled, None without numba."""
    return compiled(sum_weights, _number, _ones, add_four, mixed, pair_hashes, stem_hashes)


def sum_weights(
    hashes: UInt64[ndarray, " words"],
    stems: UInt64[ndarray, " words"],
    owner: Int[ndarray, " words"],
    rows: int,
    table: tuple[ndarray, ndarray, ndarray],
    weights: Float[ndarray, " known*heads"],
    heads: int,
) -> Float[ndarray, "heads rows"]:
    """For each head and row the sums of the weights of known words, of pairs and of stems, added up.

    ``weights`` are those of n-grams in the order of their slots, ``heads`` for each, a multiple of four.
    ``table`` is that of `Vocabulary`.
    """
    size = _KINDS * heads
    sums = np.zeros(rows * size, dtype=np.float32)
    last, spoke = np.zeros(rows, dtype=np.uint64), np.zeros(rows, dtype=np.bool_)
    # Every n-gram is written down, and the next one over it if it is unknown: that takes no branch.
    numbers = np.empty(_KINDS * _WORDS + 1, dtype=np.int64)
    places = np.empty(_KINDS * _WORDS + 1, dtype=np.int64)
    for start in range(0, len(hashes), _WORDS):
        n = np.uint64(0)
        for word in range(start, min(start + _WORDS, len(hashes))):
            row = owner[word]
            if row < 0:
                continue
            place, hashed = row * size, hashes[word]
            number, known = _number(hashed, table)
            numbers[n], places[n] = number, place
            n += known
            if spoke[row]:
                number, known = _number(pair_hashes(last[row], hashed), table)
                numbers[n], places[n] = number, place + heads
                n += known
            last[row], spoke[row] = hashed, True
            if stems[word]:
                number, known = _number(stem_hashes(stems[word]), table)
                numbers[n], places[n] = number, place + 2 * heads
                n += known
        # By themselves, so that the processor fetches many of these far weights at once.
        for k in range(n):
            to, source = np.uint64(places[k]), np.uint64(numbers[k] * heads)
            for step in range(_0, np.uint64(heads), np.uint64(FOUR)):
                add_four(sums, to + step, weights, source + step)
    total = np.empty((heads, rows), dtype=np.float32)
    for row in range(rows):
        place = row * size
        for head in range(heads):
            both = sums[place + head] + sums[place + heads + head]
            total[head, row] = both + sums[place + 2 * heads + head]
    return total


def _number(hashed: Number, table: tuple[ndarray, ndarray, ndarray]) -> tuple[Number, Number]:
    """The number of an n-gram in the order of slots, and 1 if it is known, else 0 and some number."""
    bits, before, prints = table
    slot = hashed >> _44
    word, bit = bits[slot >> _6], slot & _63
    number = np.uint64(before[slot >> _6]) + _ones(word & ((_1 << bit) - _1))
    fits = np.uint64(np.uint64(prints[number]) == (hashed >> _28) & _PRINT)
    return np.int64(number), (word >> bit) & fits


def _ones(word: Number) -> Number:
    """How many bits are set; compilers know this and put the processor's own count in its place."""
    word -= (word >> _1) & np.uint64(0x5555555555555555)
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (word * np.uint64(0x0101010101010101)) >> np.uint64(56)
