"""The traits of a voice and the top of the severity scale, as labels in this project name them."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

Trait: TypeAlias = Literal[
    "malice",
    "cruelty",
    "deceit",
    "manipulation",
    "power_seeking",
    "sycophancy",
    "honesty",
    "care",
    "fairness",
    "accountability",
]
TRAITS: tuple[Trait, ...] = get_args(Trait)
"""Vices first, then virtues; each is from -2 to 2."""
WORST = 5
"""The highest severity; 0 is no harm."""
