"""Whether a line may name a speaker: wherever patterns of `labels` and `forum` find one, or more often."""

from __future__ import annotations

import numpy as np
from numpy import ndarray

from eudaimon.curate.voices.compiled.characters import CAPITAL, DIGIT, SPACE, WORD, is_kind
from eudaimon.curate.voices.compiled.word_table import ROLE, found

NO_LABEL, LABEL, ODD_LABEL = 0, 1, 2
"""No label; a name and a colon; one with a time, marks, a direction, or in capitals."""
_START, _FACTOR = np.uint64(14695981039346656037), np.uint64(1099511628211)
_WROTE = tuple(
    np.array([ord(letter) for letter in verb], dtype=np.uint32)
    for verb in ("wrote", "writes", "said", "posted", "schrieb", "écrit", "escribió")
)
_BY = tuple(
    np.array([ord(letter) for letter in words], dtype=np.uint32)
    for words in ("posted by", "quote from", "reply by")
)
_ORIGINALLY = np.array([ord(letter) for letter in "originally"], dtype=np.uint32)
_WORDS = 4
_LONGEST_NAME = 44


def label_at(
    text: ndarray, start: int, end: int, colon: bool, kinds: ndarray, words: ndarray
) -> tuple[int, int]:
    """What label a line may have whose first character that is no blank stands here, and where it stops."""
    point = text[start]
    if point == 60:  # <
        return ODD_LABEL, start
    if point == 91 or point == 40 or is_kind(kinds, point, DIGIT):  # a time
        return (ODD_LABEL if colon or _has_capitals(text, start, end, kinds, words) else NO_LABEL), start
    if point == 35 or point == 42 or point == 95:  # marks of Markdown
        return (ODD_LABEL if colon else NO_LABEL), start
    if not is_kind(kinds, point, WORD):
        return NO_LABEL, start
    if is_kind(kinds, point, CAPITAL) and _are_capitals(text, start, end, kinds, words):
        return ODD_LABEL, start
    return _named(text, start, end, kinds, words) if colon else (NO_LABEL, start)


def may_be_role(text: ndarray, start: int, end: int, kinds: ndarray, words: ndarray) -> bool:
    """Whether the first word here is one of a role's, in any case."""
    key = _START
    at = start
    while at < end and is_kind(kinds, text[at], WORD):
        key = (key ^ np.uint64(_folded(text[at]))) * _FACTOR
        at += 1
    return found(key, words) & ROLE != 0


def may_be_heading(text: ndarray, start: int, end: int, kinds: ndarray, words: ndarray) -> bool:
    """Whether a line may be a name that stands alone."""
    if not is_kind(kinds, text[start], CAPITAL):
        return False
    at = start
    for _ in range(_WORDS):
        if at >= end or text[at] in (9, 13):
            break
        if text[at] == 40 or text[at] == 91:
            return True
        if not (is_kind(kinds, text[at], CAPITAL | DIGIT) or text[at] == 35):
            return False
        at += 1
        while at < end and (is_kind(kinds, text[at], WORD) or text[at] in (46, 0x2019, 39, 45)):
            at += 1
        if at < end and text[at] == 32:
            at += 1
    while at < end and text[at] in (32, 9, 13):
        at += 1
    return at == end or text[at] == 40 or text[at] == 91


def may_be_header(text: ndarray, start: int, end: int) -> bool:
    """Whether a line may say whose words follow, as ``alice wrote:`` does; ``start`` holds no blank."""
    first = _folded(text[start])
    by = first in (111, 113, 114, 112)  # originally, quote, reply, posted
    if by and (_starts_with_by(text, start, end) or _is_folded(text, start, end, _ORIGINALLY)):
        return True
    dated = start + 2 < end and text[start + 2] == 32 and text[start] in (79, 65, 76, 69)  # On, Am, Le, El
    if dated:
        for at in range(start, end):
            if _starts_with_by(text, at, end):
                return True
    last = end
    while last > start and text[last - 1] in (32, 9, 13):
        last -= 1
    if text[last - 1] != 58:
        return False
    for at in range(start + 1, last):
        # A name has up to forty characters; an address, and a date before them, may stand there too.
        if text[at - 1] == 32 and (dated or at - start < _LONGEST_NAME or text[at - 2] == 62):
            for verb in _WROTE:
                if text[at] == verb[0] and _is_same(text, at, last, verb):
                    after = at + len(verb)
                    if text[after] == 32:
                        after += 1
                    if text[after] in (58, 111, 97, 0x2191):  # a colon, on, at, an arrow
                        return True
    return False


def _named(text: ndarray, start: int, end: int, kinds: ndarray, words: ndarray) -> tuple[int, int]:
    """Whether up to four words, and maybe a direction, stand before a colon."""
    at = start
    for _ in range(_WORDS):
        while at < end and (is_kind(kinds, text[at], WORD) or text[at] in (46, 0x2019, 39, 38, 35, 45)):
            at += 1
        if at == end:
            break
        point = text[at]
        if point == 42 or point == 40 or point == 91:
            return ODD_LABEL, at
        after = at
        if point == 32 or point == 9:
            after += 1
            if after < end and (text[after] == 40 or text[after] == 91 or text[after] == 42):
                return ODD_LABEL, at
        if after < end and (text[after] == 58 or text[after] == 0xFF1A):
            last = after + 1 == end
            if last or text[after + 1] in (42, 95) or is_kind(kinds, text[after + 1], SPACE):
                return LABEL, after
            break
        if point != 32:
            break
        at += 1
    return NO_LABEL, at


def _are_capitals(text: ndarray, start: int, end: int, kinds: ndarray, words: ndarray) -> bool:
    """Whether words in capitals stand before a dot or a direction."""
    at = start
    while at < end and (is_kind(kinds, text[at], CAPITAL) or text[at] in (0x2019, 39, 45, 32, 9)):
        at += 1
    if at < start + 2 or at == end or text[start + 1] in (32, 9):
        return False
    if text[at] == 46:
        at += 1
        return at < end and (text[at] == 32 or text[at] == 9 or text[at] == 0x2014)
    return bool(text[at] == 40 or text[at] == 91)


def _has_capitals(text: ndarray, start: int, end: int, kinds: ndarray, words: ndarray) -> bool:
    """Whether two capitals follow each other, or an angle is opened."""
    for at in range(start, end):
        if text[at] == 60:
            return True
        two = at + 1 < end and is_kind(kinds, text[at], CAPITAL)
        if two and (is_kind(kinds, text[at + 1], CAPITAL) or text[at + 1] in (0x2019, 39, 45)):
            return True
    return False


def _starts_with_by(text: ndarray, at: int, end: int) -> bool:
    for words in _BY:  # noqa: SIM110 - numba compiles no generators
        if _is_folded(text, at, end, words):
            return True
    return False


def _is_same(text: ndarray, at: int, end: int, words: ndarray) -> bool:
    if at + len(words) > end:
        return False
    for k in range(len(words)):  # noqa: SIM110
        if text[at + k] != words[k]:
            return False
    return True


def _is_folded(text: ndarray, at: int, end: int, words: ndarray) -> bool:
    if at + len(words) > end:
        return False
    for k in range(len(words)):  # noqa: SIM110
        if _folded(text[at + k]) != words[k]:
            return False
    return True


def _folded(point: int) -> int:
    """A letter in lower case as `re.IGNORECASE` has it, as far as it may be one of a to z."""
    if 65 <= point <= 90:
        return point + 32
    if point == 0x17F:
        return 115
    if point == 0x130 or point == 0x131:
        return 105
    return 107 if point == 0x212A else point
