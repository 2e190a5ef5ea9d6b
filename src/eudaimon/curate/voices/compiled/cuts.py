"""Where a long turn may be cut: at the ends of sentences and lines, as `sentences` and `pieces` have it."""

from __future__ import annotations

from numpy import ndarray

from eudaimon.curate.voices.compiled.characters import LOWER, SPACE, UPPER, WORD, is_kind, skip_spaces
from eudaimon.curate.voices.compiled.word_table import ABBREVIATION, meaning
from eudaimon.curate.voices.sentences import LETTER_PAIRS

_PAIRS = tuple((ord(pair[0]), ord(pair[2])) for pair in LETTER_PAIRS)
_CLOSERS = 8


def next_sentence_end(text: ndarray, at: int, start: int, end: int, kinds: ndarray, words: ndarray) -> int:
    """The first place after ``at`` behind a sentence of the span and the white space after it, or -1."""
    while at < end:
        point = text[at]
        after = -1
        if point == 46 or point == 33 or point == 63 or point == 0x2026:
            after = _end_of_narrow(text, at, end, kinds, words)
        elif point == 0x3002 or point == 0xFF01 or point == 0xFF1F:
            after = _end_of_wide(text, at, end)
        if after >= 0:
            after = skip_spaces(text, after, end, kinds)
            small = after < len(text) and is_kind(kinds, text[after], LOWER)
            if not small and not (point == 46 and _is_abbreviation(text, at, start, kinds, words)):
                return after
            at = after
        else:
            at += 1
    return -1


def next_line_end(text: ndarray, at: int, end: int, kinds: ndarray, words: ndarray) -> int:
    """The first place after ``at`` behind a line end that no small letter follows, or -1."""
    while at < end:
        if text[at] == 10 and not (at + 1 < len(text) and is_kind(kinds, text[at + 1], LOWER)):
            return at + 1
        at += 1
    return -1


def _end_of_narrow(text: ndarray, at: int, end: int, kinds: ndarray, words: ndarray) -> int:
    """Behind the marks that close what this last mark of a sentence ends, before white space, or -1."""
    at += 1
    if at < end and text[at] in (46, 33, 63, 0x2026):
        return -1
    closers = 0
    while at < end and closers < _CLOSERS:
        if text[at] not in (34, 39, 0x201D, 0x2019, 0xBB, 0x203A, 41, 93, 42, 95):
            break
        at += 1
        closers += 1
    return at if at < end and is_kind(kinds, text[at], SPACE) else -1


def _end_of_wide(text: ndarray, at: int, end: int) -> int:
    at += 1
    if at < end and text[at] in (0x3002, 0xFF01, 0xFF1F):
        return -1
    closers = 0
    while at < end and closers < _CLOSERS and text[at] in (0x300D, 0x300F, 0x201D, 0x2019, 0xFF09):
        at += 1
        closers += 1
    return at


def _is_abbreviation(text: ndarray, dot: int, start: int, kinds: ndarray, words: ndarray) -> bool:
    """Whether the word before a dot is one after which a sentence goes on."""
    low = max(start, dot - 8)
    begin = dot
    while begin > low and is_kind(kinds, text[begin - 1], WORD):
        begin -= 1
    if begin == dot or (begin > 0 and is_kind(kinds, text[begin - 1], WORD)):
        return False
    if begin == dot - 1 and text[begin] < 128 and is_kind(kinds, text[begin], UPPER):
        return True
    if meaning(text, begin, dot, words) & ABBREVIATION:
        return True
    paired = begin == dot - 1 and begin - 2 >= low and text[begin - 1] == 46
    if paired and not (begin > 2 and is_kind(kinds, text[begin - 3], WORD)):
        for first, second in _PAIRS:
            if text[begin - 2] == first and text[begin] == second:
                return True
    return False
