"""Text as one byte a character, in which the same word always looks the same.

Case, accents, full width and invisible characters make no difference, and a digit within a word is the letter
that it stands for. Every character keeps its place, so that spans stay those of the text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache

import numpy as np
from jaxtyping import Int, UInt8

BLANK = 32
"""What stands for everything that is no letter and no digit."""
_DROPPED, _STANDS_FOR = 0, {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s"}
RULES = 1
"""The version of these rules; models that were made by others see other words."""
# Up to here are all scripts in daily use, emoji, and the letters of mathematics that pass for Latin ones.
_KNOWN = 0x20000


def letters(
    texts: Sequence[str],
) -> tuple[UInt8[np.ndarray, " kept"], Int[np.ndarray, " kept"] | None, Int[np.ndarray, " texts"]]:
    """The texts, joined with one `BLANK` between two, as letters; where each is; and where each text begins.

    A letter is an ASCII byte ``a-z0-9``, `BLANK`, or for other scripts a byte over 127. The second value
    holds the place of every letter among the code points of the joined texts, or is None where that is its
    index: where no character was dropped. Places and beginnings are in code points.
    """
    lengths = np.fromiter((len(text) + 1 for text in texts), dtype=np.int64, count=len(texts))
    begins = np.cumsum(lengths) - lengths
    points = np.frombuffer("\n".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    found = np.take(_table(), points, mode="clip")
    kept = None
    if found.size and not found.min():
        kept = np.flatnonzero(found)
        found, points = found[kept], points[kept]
    _spell_out(found, points)
    return found, kept, begins


def _spell_out(found: UInt8[np.ndarray, " n"], points: np.ndarray) -> None:
    """Put letters in place of digits and signs that stand within a word, in place."""
    small = np.minimum(points, 127).astype(np.uint8)
    signs = np.flatnonzero(_meant()[small])
    if not signs.size:
        return
    is_letter = (found >= ord("a")) & (found <= ord("z"))
    beside = np.zeros(len(found) + 1, dtype=bool)
    beside[1:] = is_letter
    near = beside[signs] | beside[np.minimum(signs + 2, len(found))] & (signs + 1 < len(found))
    changed = signs[near]
    found[changed] = _meant()[small[changed]]


@cache
def quick_tables() -> tuple[UInt8[np.ndarray, "256"], UInt8[np.ndarray, "131072"], UInt8[np.ndarray, "128"]]:
    """What a loop over UTF-8 looks letters up in.

    The letter of every byte that is one whatever stands beside it, else 0; that of every code point, 0 for
    characters to be dropped, the last entry for all beyond; and those that signs within words stand for.
    """
    alone = _table()[:256].copy()
    alone[128:] = 0
    alone[np.flatnonzero(_meant())] = 0
    return alone, _table(), _meant()


@cache
def _meant() -> UInt8[np.ndarray, "128"]:
    table = np.zeros(128, dtype=np.uint8)
    for sign, letter in _STANDS_FOR.items():
        table[ord(sign)] = ord(letter)
    return table


@cache
def _table() -> UInt8[np.ndarray, "131072"]:
    """The letter of every code point; the last entry also stands for all beyond."""
    table = np.full(_KNOWN, BLANK, dtype=np.uint8)
    for point in range(_KNOWN - 1):
        character = chr(point)
        category = unicodedata.category(character)
        if category[0] in "LN":
            plain = unicodedata.normalize("NFKD", character).casefold()[0]
            if plain.isascii():
                table[point] = ord(plain) if plain.isalnum() else BLANK
            else:
                table[point] = 128 + (ord(plain) * 2654435761 >> 16) % 128
        elif category[0] == "M" or category == "Cf":
            table[point] = _DROPPED
    return table
