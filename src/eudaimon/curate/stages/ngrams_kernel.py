"""The sums of n-grams' weights by a loop over words, which numba compiles: what `Vocabulary.sums` finds.

Several times as fast as numpy's arrays of n-grams and scipy's sparse matrices, and the same to the last bit:
for each row and each kind of n-gram the weights are added in the same order.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from eudaimon.curate.stages.compiled import Number, add_four, compiled, ones
from eudaimon.curate.stages.hashing import mixed, pair_hashes, stem_hashes

FOUR = 4
"""Weights are added by fours: each n-gram has a multiple of that."""
_KINDS, _WORDS = 3, 512
_0, _1, _6, _28, _44, _63 = (np.uint64(n) for n in (0, 1, 6, 28, 44, 63))
_PRINT, _END = np.uint64(0xFFFF), 1 << 62


@cache
def sums_kernel() -> Callable[..., Any] | None:
    """`sum_weights` compiled, None without numba."""
    return compiled(sum_weights, _number, ones, add_four, mixed, pair_hashes, stem_hashes)


def sum_weights(
    words: tuple[ndarray, ndarray, ndarray, ndarray],
    begins: Int[ndarray, " texts"],
    first: Int[ndarray, " texts+1"],
    table: tuple[ndarray, ndarray, ndarray],
    weights: Float[ndarray, " known*heads"],
    heads: int,
) -> Float[ndarray, "heads rows"]:
    """For each head and row the sums of the weights of known words, of pairs and of stems, added up.

    ``words`` are the hashes of words, of their stems, their owners and their places; ``begins`` and ``first``
    are those of `Words`. ``weights`` are of n-grams in the order of their slots, ``heads`` for each, a
    multiple of four, as `add_four` reads them; ``table`` is that of `Vocabulary`.
    """
    hashes, stems, owner, starts = words
    size, most = _KINDS * heads, 1
    for text in range(len(begins)):
        most = max(most, first[text + 1] - first[text])
    total = np.zeros((heads, first[-1]), dtype=np.float32)
    # Those of one text, so that they stay in the processor's nearest cache.
    sums = np.empty(most * size, dtype=np.float32)
    last, spoke = np.empty(most, dtype=np.uint64), np.empty(most, dtype=np.bool_)
    # Every n-gram is written down, and the next one over it if it is unknown: that takes no branch.
    numbers = np.empty(_KINDS * _WORDS + 1, dtype=np.int32)
    places = np.empty(_KINDS * _WORDS + 1, dtype=np.int32)
    word = 0
    for text in range(len(begins)):
        low, rows = first[text], first[text + 1] - first[text]
        sums[: rows * size] = 0
        spoke[:rows] = False
        stop = begins[text + 1] if text + 1 < len(begins) else _END
        while word < len(hashes) and starts[word] < stop:
            n, before = _0, word
            while word < len(hashes) and word < before + _WORDS and starts[word] < stop:
                row, hashed, stem = owner[word] - low, hashes[word], stems[word]
                word += 1
                if row < 0 or row >= rows:  # nobody's
                    continue
                place = row * size
                number, known = _number(hashed, table)
                numbers[n], places[n] = number, place
                n += known
                if spoke[row]:
                    number, known = _number(pair_hashes(last[row], hashed), table)
                    numbers[n], places[n] = number, place + heads
                    n += known
                last[row], spoke[row] = hashed, True
                if stem:
                    number, known = _number(stem_hashes(stem), table)
                    numbers[n], places[n] = number, place + 2 * heads
                    n += known
            # By themselves, so that the processor fetches many of these far weights at once.
            for k in range(n):
                to, source = np.uint64(places[k]), np.uint64(numbers[k]) * np.uint64(heads)
                for step in range(_0, np.uint64(heads), np.uint64(FOUR)):
                    add_four(sums, to + step, weights, source + step)
        for row in range(rows):
            place = row * size
            for head in range(heads):
                both = sums[place + head] + sums[place + heads + head]
                total[head, low + row] = both + sums[place + 2 * heads + head]
    return total


def _number(hashed: Number, table: tuple[ndarray, ndarray, ndarray]) -> tuple[Number, Number]:
    """The number of an n-gram in the order of slots, and 1 if it is known, else 0 and some number."""
    bits, before, prints = table
    slot = hashed >> _44
    word, bit = bits[slot >> _6], slot & _63
    number = np.uint64(before[slot >> _6]) + ones(word & ((_1 << bit) - _1))
    fits = np.uint64(np.uint64(prints[number]) == (hashed >> _28) & _PRINT)
    return np.int64(number), (word >> bit) & fits
