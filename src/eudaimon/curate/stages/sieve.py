"""Words that may be part of a term: a quick look at every word, so that a slow one is needed at few."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Int, UInt64
from numpy import ndarray

from eudaimon.curate.stages.compiled import Number, compiled
from eudaimon.curate.stages.hashing import mixed, pair_hashes
from eudaimon.curate.stages.words import Words

_BITS = 18
_SLOT = np.uint64(64 - _BITS)
_1, _6, _63 = np.uint64(1), np.uint64(6), np.uint64(63)


class Sieve:
    """Which words terms cannot be without: the only one of a term, or the two of its longest pair.

    ``terms`` are the words of each, ``hashes`` those of all words in them. A few other words pass too.
    """

    def __init__(self, terms: Sequence[Sequence[str]], hashes: Mapping[str, np.uint64]) -> None:
        self._alone, self._pairs = _Slots(), _Slots()
        for words in terms:
            if len(words) == 1:
                self._alone.admit(hashes[words[0]], 0, 0)
                continue
            # The pair with the most letters: "are stupid" is rarer than "you are".
            place = max(range(len(words) - 1), key=lambda k: len(words[k]) + len(words[k + 1]))
            both = np.array([hashes[words[place]], hashes[words[place + 1]]], dtype=np.uint64)
            self._pairs.admit(pair_hashes(both[:1], both[1:])[0], place, len(words) - 1 - place)

    def near(self, words: Words) -> Int[ndarray, " chosen"]:
        """The numbers of all words that may be part of a term, in order: most words are not."""
        if kernel := _kernel():
            return np.asarray(kernel(words.hash, self._alone.arrays(), self._pairs.arrays()))
        single, low, high = self._alone.pass_(words.hash)
        double, low2, high2 = self._pairs.pass_(pair_hashes(words.hash[:-1], words.hash[1:]))
        lows = np.concatenate([single - low, double - low2])
        highs = np.concatenate([single + high, double + high2])
        # How many ranges are open at each word.
        depth = np.zeros(len(words) + 1, dtype=np.int64)
        np.add.at(depth, np.maximum(lows, 0), 1)
        np.add.at(depth, np.minimum(highs + 1, len(words)), -1)
        return np.flatnonzero(np.cumsum(depth[:-1]))


class _Slots:
    """A set of hashes that also says yes to a few others, with how many words to look at before and after."""

    def __init__(self) -> None:
        self._before = np.full(1 << _BITS, -1, dtype=np.int8)
        self._after = self._before.copy()
        # One bit a slot: all of them fit in a processor's nearest cache.
        self._bits = np.zeros(1 << _BITS - 6, dtype=np.uint64)

    def admit(self, value: np.uint64, before: int, after: int) -> None:
        """Add a hash; the farthest reach of those in one slot counts."""
        slot = int(value >> _SLOT)
        self._before[slot] = max(self._before[slot], min(before, 127))
        self._after[slot] = max(self._after[slot], min(after, 127))
        self._bits[slot >> 6] |= np.uint64(1 << (slot & 63))

    def arrays(self) -> tuple[ndarray, ndarray, ndarray]:
        """A bit for each slot, and its reach before and after, -1 where it is empty."""
        return self._bits, self._before, self._after

    def pass_(self, hashes: UInt64[ndarray, " n"]) -> tuple[ndarray, ndarray, ndarray]:
        """The numbers of hashes that may be in the set, and how far to look before and after each."""
        slots = (hashes >> _SLOT).astype(np.int64)
        known = np.flatnonzero(self._before[slots] >= 0)
        slots = slots[known]
        return known, self._before[slots].astype(np.int64), self._after[slots].astype(np.int64)


@cache
def _kernel() -> Callable[..., Any] | None:
    return compiled(_near, _has, mixed, pair_hashes)


def _near(
    hashes: ndarray, alone: tuple[ndarray, ndarray, ndarray], pairs: tuple[ndarray, ndarray, ndarray]
) -> ndarray:
    """What `Sieve.near` says of the words with these hashes, by a loop that numba compiles."""
    n, last = len(hashes), np.uint64(0)
    marked = np.zeros(n, dtype=np.bool_)
    for word in range(n):
        single = hashes[word]
        double = pair_hashes(last, single)
        last = single
        single, double = single >> _SLOT, double >> _SLOT
        if not (_has(alone[0], single) | _has(pairs[0], double)):
            continue
        if alone[1][single] >= 0:
            for near in range(max(word - alone[1][single], 0), min(word + alone[2][single] + 1, n)):
                marked[near] = True
        if word and pairs[1][double] >= 0:
            first = word - 1
            for near in range(max(first - pairs[1][double], 0), min(first + pairs[2][double] + 1, n)):
                marked[near] = True
    return np.flatnonzero(marked)


def _has(bits: ndarray, slot: Number) -> Number:
    return (bits[slot >> _6] >> (slot & _63)) & _1
