"""Accents that a normaliser merged into a letter or took away: they belong to the letter's token."""

from __future__ import annotations

import unicodedata

import numpy as np
from jaxtyping import Int

# Hangul vowels and finals, and the halfwidth kana voicing marks: letters by category, joined by NFC or NFKC.
JOINING = (range(0x1160, 0x1200), range(0xFF9E, 0xFFA0))
FIRST_MARK = 0x300


def with_marks(text: str, offsets: Int[np.ndarray, "n 2"]) -> Int[np.ndarray, "n 2"]:
    """The offsets with each combining character that no token covers given to the token right before it.

    tokenizers gives a letter composed of several characters the span of the first: "e" + U+0301, composed or
    stripped, is reported as the "e" alone, and a span that holds only the accent would miss the token.
    """
    start, end = offsets[:, 0], offsets[:, 1].copy()
    depth = np.bincount(start, minlength=len(text) + 1) - np.bincount(end, minlength=len(text) + 1)
    letters = np.frombuffer(text.encode("utf-32-le"), "<u4")
    bare = (np.cumsum(depth)[: len(text)] == 0) & (letters >= FIRST_MARK)
    for place in np.flatnonzero(bare).tolist():
        if _joins(text[place]):
            end[(end == place) & (start < end)] = place + 1
    return np.stack([start, end], axis=1)


def _joins(character: str) -> bool:
    return unicodedata.category(character)[0] == "M" or any(ord(character) in block for block in JOINING)
