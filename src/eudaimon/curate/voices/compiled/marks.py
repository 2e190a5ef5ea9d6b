"""Where paragraphs end, and the marks that may open or close a quotation, as `quotations.tokens` has them."""

from __future__ import annotations

from numpy import ndarray

from eudaimon.curate.voices.compiled.characters import DIGIT, SPACE, WORD, is_kind, skip_spaces
from eudaimon.curate.voices.compiled.quotes import MARK


def next_paragraph(
    text: ndarray, begin: int, end: int, kinds: ndarray, work: ndarray
) -> tuple[int, int, int]:
    """Where the paragraph that begins here stops, where the next begins, and how many marks were written."""
    n = 0
    words = False
    at = begin
    while at < end:
        point = text[at]
        if is_mark(point):
            if point != 39 or _opens_single(text, at, end, kinds):
                work[n, MARK] = at
                n += 1
            words = True
        elif point == 10:
            after = at + 1
            while after < end and text[after] != 10 and is_kind(kinds, text[after], SPACE):
                after += 1
            if after < end and text[after] == 10:
                after = skip_spaces(text, after, end, kinds)
                if words:
                    return at, after, n
                at = after
                continue
        elif not words:
            words = not is_kind(kinds, point, SPACE)
        at += 1
    return end, end, n


def is_mark(point: int) -> bool:
    """Whether this is a quotation mark of any kind, or an apostrophe."""
    if point < 128:
        return point == 34 or point == 39
    if point < 0x2018:
        return point == 0xAB or point == 0xBB
    return point <= 0x300F and (
        point in (0x201C, 0x201D, 0x2018, 0x201E, 0x201F, 0x2039, 0x203A) or point >= 0x300C
    )


def _opens_single(text: ndarray, at: int, end: int, kinds: ndarray) -> bool:
    """``'(?<![\\w'’)]')(?=[^\\W\\d]|[“"])``"""
    if at > 0 and (is_kind(kinds, text[at - 1], WORD) or text[at - 1] in (39, 0x2019, 41)):
        return False
    if at + 1 >= end:
        return False
    point = text[at + 1]
    return (
        point == 0x201C or point == 34 or (is_kind(kinds, point, WORD) and not is_kind(kinds, point, DIGIT))
    )
