"""How words and pairs of words become hashes: for arrays of numpy, and one by one in compiled loops."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

# Odd constants for multiplicative hashing: the golden ratio's, and those of splitmix64 and wyhash.
FIRST = np.uint64(0x9E3779B97F4A7C15)
SECOND = np.uint64(0xBF58476D1CE4E5B9)
THIRD = np.uint64(0x94D049BB133111EB)
PAIR = np.uint64(0xD6E8FEB86659FD93)
OF_STEM = np.uint64(0xA0761D6478BD642F)
MASKS = np.array([(1 << 8 * n) - 1 for n in range(9)], dtype=np.uint64)
"""What leaves the first letters, up to eight, of those in eight bytes."""
STEM = 5
"""Letters of a word that make its stem; only longer words have one."""
_HALF = np.uint64(32)

Hashes = TypeVar("Hashes", bound=Any)


def mixed(hashed: Hashes) -> Hashes:
    """The hashes, of 64 bits, with every bit spread to the upper ones, which tables are indexed by."""
    return (hashed ^ (hashed >> _HALF)) * THIRD  # type: ignore[no-any-return]


def pair_hashes(first: Hashes, second: Hashes) -> Hashes:
    """The hash of each pair of words, from theirs; the order of the two counts."""
    return mixed(first * PAIR + second)  # type: ignore[no-any-return]


def stem_hashes(stems: Hashes) -> Hashes:
    """The hashes of stems as n-grams, so that none is that of a word."""
    return mixed(stems ^ OF_STEM)  # type: ignore[no-any-return]
