"""What kind of character each code point is, as `str` and `re` have it, in one table that loops can read."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from eudaimon.curate.voices.labels import CAPITAL as CAPITALS

SPACE, WORD, ALPHA, LOWER, UPPER, CAPITAL, DIGIT, TITLE = (1 << bit for bit in range(8))
"""White space; ``\\w``; a letter; small, large and title case; `labels.CAPITAL`; ``\\d``."""
# Behind these planes stand tags and private use: no letters, no white space.
_POINTS = 0x40000


@cache
def character_kinds() -> UInt8[ndarray, " points"]:
    """The kinds of the code points below 0x40000, as sums of the bits above; all others are of none."""
    points = np.arange(_POINTS, dtype=np.uint32)
    text = points.view("U1")
    kinds = np.zeros(_POINTS, dtype=np.uint8)
    tests = (
        (SPACE, np.strings.isspace),
        (WORD, np.strings.isalnum),
        (ALPHA, np.strings.isalpha),
        (LOWER, np.strings.islower),
        (UPPER, np.strings.isupper),
        (DIGIT, np.strings.isdecimal),
        (TITLE, np.strings.istitle),
    )
    for bit, test in tests:
        kinds[test(text)] |= bit
    kinds[(kinds & UPPER) > 0] &= 255 - TITLE
    kinds[ord("_")] |= WORD
    capital = re.compile(f"[{CAPITALS}]")
    kinds[[point for point in range(0x1000) if capital.match(chr(point))]] |= CAPITAL
    kinds.flags.writeable = False
    return kinds


def is_kind(kinds: ndarray, point: int, bits: int) -> bool:
    """Whether a code point is of any of these kinds."""
    return point < len(kinds) and (kinds[point] & bits) != 0


def skip_spaces(text: ndarray, at: int, end: int, kinds: ndarray) -> int:
    """The first place from ``at`` on that holds no white space, or ``end``."""
    while at < end and is_kind(kinds, text[at], SPACE):
        at += 1
    return at


def skip_spaces_back(text: ndarray, start: int, end: int, kinds: ndarray) -> int:
    """Where the white space before ``end`` begins, not before ``start``."""
    while end > start and is_kind(kinds, text[end - 1], SPACE):
        end -= 1
    return end
