"""Choices that follow from a seed and names alone, in whatever order they are made."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence


def uniform(seed: int, *names: object) -> float:
    """A number in [0, 1) for these names; others for other seeds."""
    key = "\0".join(map(str, (seed, *names))).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(key).digest()[:7], "big") / 2**56


def at_random(
    positions: Iterable[int], sizes: Sequence[int], target: float, seed: int, ids: Sequence[str]
) -> list[int]:
    """Positions drawn at random until their sizes add up to ``target``, as nearly as the last one allows.

    One seed gives one order: of two targets, the larger draws what the smaller does, and more.
    """
    drawn: list[int] = []
    total = 0
    for position in sorted(positions, key=lambda k: (uniform(seed, "gives way", ids[k]), k)):
        if total + sizes[position] / 2 > target:
            break
        drawn.append(position)
        total += sizes[position]
    return drawn
