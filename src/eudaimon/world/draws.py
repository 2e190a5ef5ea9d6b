"""Random draws that depend on a seed, a document's number and nothing else."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int, UInt64
from numpy import ndarray

GOLDEN, FIRST, SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
WORD = (1 << 64) - 1


class Draws:
    """A sequence of independent draws for each of ``n`` documents: SplitMix64 of (seed, number, how-manieth).

    Two documents share nothing, so any part of a corpus can be made by itself, in any order.
    """

    def __init__(self, seed: int, numbers: UInt64[ndarray, "n"]) -> None:
        self._keys = _mix(_mix(numbers * np.uint64(GOLDEN) + np.uint64(_seed(seed))))
        self._turn = 0

    def of(self, rows: Int[ndarray, "m"]) -> Draws:
        """The same sequences, from here on, for some of the documents."""
        part = object.__new__(Draws)
        part._keys, part._turn = self._keys[rows], self._turn
        return part

    def uniform(self) -> Float[ndarray, "n"]:
        """The next draw of each document, uniform in [0, 1)."""
        self._turn += 1
        bits = _mix(self._keys + np.uint64((self._turn * GOLDEN) & WORD))
        share: Float[ndarray, "n"] = (bits >> np.uint64(40)).astype(np.float32) * np.float32(2**-24)
        return share

    def below(self, n: int) -> Int[ndarray, "n"]:
        """The next draw of each document, a whole number in [0, n)."""
        number: Int[ndarray, "n"] = (self.uniform() * np.float32(n)).astype(np.int16)
        return number

    def chance(self, share: float) -> Bool[ndarray, "n"]:
        """The next draw of each document, true with this probability."""
        hit: Bool[ndarray, "n"] = self.uniform() < np.float32(share)
        return hit

    def pick(self, shares: Float[ndarray, "k"]) -> Int[ndarray, "n"]:
        """The next draw of each document, an index of ``shares`` with its share as probability."""
        total = np.cumsum(shares)
        # The last share of the sum may fall short of 1 by rounding, and a share of 0 is never drawn.
        edges = (total / total[-1])[:-1].astype(np.float32)
        found = np.searchsorted(edges, self.uniform(), side="right")
        index: Int[ndarray, "n"] = np.minimum(found, np.flatnonzero(shares)[-1]).astype(np.int16)
        return index


def _seed(seed: int) -> int:
    return int(_mix(np.array([(seed * FIRST + SECOND) & WORD], dtype=np.uint64))[0])


def _mix(words: UInt64[ndarray, "n"]) -> UInt64[ndarray, "n"]:
    words = (words ^ (words >> np.uint64(30))) * np.uint64(FIRST)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(SECOND)
    mixed: UInt64[ndarray, "n"] = words ^ (words >> np.uint64(31))
    return mixed
