"""How many items each stratum gives to a sample, and how coarse the strata have to be for that."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Int

LEAST = 2
"""Items of a stratum, where it has so many: with one, nothing is known of how its items differ."""


def allocate(
    sizes: Int[np.ndarray, "strata"], removed: Bool[np.ndarray, "strata"], n: int
) -> Int[np.ndarray, "strata"]:
    """How many of ``n`` items each stratum gives: half to what was removed, half to what was kept.

    Within a half, `LEAST` each and the rest by the square root of the size (Bankier's power allocation):
    large strata decide recall, small ones hold what is removed. What a half cannot give, as it has too
    little, the other gives. All of ``n`` is given unless there are fewer items.
    """
    half = min(n // 2, int(sizes[removed].sum()))
    other = min(n - half, int(sizes[~removed].sum()))
    given = np.zeros(len(sizes), dtype=np.int64)
    for side, share in ((removed, min(n - other, int(sizes[removed].sum()))), (~removed, other)):
        given[side] = _by_root(sizes[side], share)
    return given


def _by_root(sizes: Int[np.ndarray, "strata"], n: int) -> Int[np.ndarray, "strata"]:
    given = np.zeros(len(sizes), dtype=np.int64)
    # The largest first: where not even two each can be had, they stand for most of the corpus.
    for index in np.argsort(-sizes, kind="stable"):
        given[index] = min(LEAST, sizes[index], n - given.sum())
    root = np.sqrt(sizes)
    while given.sum() < n:
        # The stratum whose items stand for most, until all is given: Jefferson's method, by root of size.
        worth = np.where(given < sizes, root / (given + 1), -1.0)
        given[int(worth.argmax())] += 1
    return given


def bins_that_fit(n_strata: dict[int, int], n: int) -> int:
    """The most bins with which every stratum can give `LEAST` of ``n`` items, or the fewest that there are.

    ``n_strata`` counts the strata that share ``n`` and are not empty, by number of bins.
    """
    fitting = [bins for bins, strata in n_strata.items() if LEAST * strata <= n]
    return max(fitting, default=min(n_strata))
