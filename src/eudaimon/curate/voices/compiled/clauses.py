"""What a clause says of speech: a verb behind a name or before it, and nothing but a few words to its end."""

from __future__ import annotations

from numpy import ndarray

from eudaimon.curate.voices.compiled.characters import SPACE, WORD, is_kind, skip_spaces
from eudaimon.curate.voices.compiled.names import ADVERBS, HIGH, LOW, VERBS, after_adverbs, verb_ends
from eudaimon.curate.voices.compiled.word_table import (
    AND,
    FIRST_ARTICLE,
    ONCE,
    PUT,
    VAGUE,
    meaning,
    word_end,
)

_WORDS, _MARKS, _SPACES = 60, 2, 6
"""What may stand between a name or verb and the quotation that it leads to, at most."""


def find_reach(text: ndarray, start: int, end: int, kinds: ndarray, words: ndarray, s: ndarray) -> int:
    """Write the spans of places from which ``end`` is reached by words, marks and white space; how many."""
    n = 0
    for spaces in range(_SPACES + 1):
        x = end - spaces
        if spaces and (x < start or not is_kind(kinds, text[x], SPACE)):
            break
        for marks in range(_MARKS + 1):
            y = x - marks
            if marks and (y < start or text[y] not in (44, 58, 0x2014, 0x2013)):
                break
            low = y
            while low > start and y - low < _WORDS and not _ends_clause(text[low - 1]):
                low -= 1
            s[LOW + n], s[HIGH + n] = low, y
            n += 1
    return n


def reaches(at: int, n_reach: int, s: ndarray) -> bool:
    """Whether a place lies in one of these spans; with -1 spans it need not."""
    if n_reach < 0:
        return True
    for k in range(n_reach):  # noqa: SIM110 - numba compiles no generators
        if s[LOW + k] <= at <= s[HIGH + k]:
            return True
    return False


def says(text: ndarray, at: int, end: int, n_reach: int, kinds: ndarray, words: ndarray, s: ndarray) -> bool:
    """Whether adverbs and a verb of speech begin here, from which the end is reached."""
    for k in range(after_adverbs(text, at, end, 2, kinds, words, s)):
        for j in range(verb_ends(text, s[ADVERBS + k], end, kinds, words, s)):
            if reaches(s[VERBS + j], n_reach, s):
                return True
    return False


def name_says(
    text: ndarray, name: int, end: int, n_reach: int, kinds: ndarray, words: ndarray, s: ndarray
) -> bool:
    """Whether a verb follows a name that ends here, maybe behind a comma."""
    if name < end and text[name] == 44:
        name += 1
    return (
        name < end
        and is_kind(kinds, text[name], SPACE)
        and says(text, name + 1, end, n_reach, kinds, words, s)
    )


def does_and_says(
    text: ndarray, at: int, end: int, n_reach: int, kinds: ndarray, words: ndarray, s: ndarray
) -> bool:
    """Whether words follow, then ``and`` and a verb of speech: Ann turned, and then said."""
    for place in range(at, min(end, at + _WORDS + 1)):
        if is_kind(kinds, text[place], SPACE):
            stop = word_end(text, place + 1, end, kinds)
            whole = stop < end and is_kind(kinds, text[stop], SPACE)
            joined = whole and meaning(text, place + 1, stop, words) & AND
            if joined and says(text, stop + 1, end, n_reach, kinds, words, s):
                return True
        if _ends_clause(text[place]):
            return False
    return False


def puts_it(
    text: ndarray, name: int, end: int, n_reach: int, kinds: ndarray, words: ndarray, s: ndarray
) -> bool:
    """Whether it goes on behind a name as in: as Ann once put it, as Ann says."""
    if name >= end or not is_kind(kinds, text[name], SPACE):
        return False
    at = name + 1
    while True:
        stop = word_end(text, at, end, kinds)
        bits = meaning(text, at, stop, words)
        followed = stop < end and is_kind(kinds, text[stop], SPACE)
        it = stop + 2 < end and text[stop + 1] == 105 and text[stop + 2] == 116
        if bits & PUT and followed and it and reaches(stop + 3, n_reach, s):
            return True
        for k in range(verb_ends(text, at, end, kinds, words, s)):
            if reaches(s[VERBS + k], n_reach, s):
                return True
        if not (at == name + 1 and bits & ONCE and followed):
            return False
        at = stop + 1


def is_word_border(text: ndarray, at: int, end: int, kinds: ndarray) -> bool:
    """``\\b``"""
    before = at > 0 and is_kind(kinds, text[at - 1], WORD)
    return before != (at < end and is_kind(kinds, text[at], WORD))


def is_vague(text: ndarray, start: int, end: int, kinds: ndarray, words: ndarray) -> bool:
    """Whether a name is one of the words that name nobody, articles taken off as `plain_name` does."""
    for k in range(6):
        stop = word_end(text, start, end, kinds)
        followed = stop < end and is_kind(kinds, text[stop], SPACE)
        if followed and meaning(text, start, stop, words) & (FIRST_ARTICLE << k):
            start = skip_spaces(text, stop, end, kinds)
    return word_end(text, start, end, kinds) == end and meaning(text, start, end, words) & VAGUE != 0


def _ends_clause(point: int) -> bool:
    return point in (46, 33, 63, 59, 0x201C, 0x201D, 34, 0xAB, 0xBB, 10)
