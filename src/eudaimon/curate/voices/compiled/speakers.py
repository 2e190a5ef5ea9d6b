"""Who speaks a quotation, as the patterns of `eudaimon.curate.voices.speakers` tell it.

A speaker is the span ``(start, end)`` of the name, `NOT_TOLD`, or `UNNAMED` for a pronoun or a vague name.
Each alternative of a pattern is tried where the pattern would try it, and in its order.
"""

from __future__ import annotations

from numpy import ndarray

from eudaimon.curate.voices.compiled.characters import (
    CAPITAL,
    SPACE,
    UPPER,
    WORD,
    is_kind,
    skip_spaces,
    skip_spaces_back,
)
from eudaimon.curate.voices.compiled.clauses import (
    does_and_says,
    find_reach,
    is_vague,
    is_word_border,
    name_says,
    puts_it,
    reaches,
    says,
)
from eudaimon.curate.voices.compiled.names import (
    ADVERBS,
    NAMES,
    VERBS,
    after_adverbs,
    name_ends,
    phrase_ends,
    phrase_is_over,
    pronoun_end,
    verb_ends,
)
from eudaimon.curate.voices.compiled.word_table import (
    ACCORDING,
    AS,
    DETERMINER,
    LEADING,
    LONG_VERB,
    TITLED,
    TO,
    VERB,
    meaning,
    word_end,
)
from eudaimon.curate.voices.speakers import NEAR, REACH

NOT_TOLD = (-1, -1)
UNNAMED = (-2, -2)


def speaker_after(
    text: ndarray, closed: int, end: int, kinds: ndarray, words: ndarray, s: ndarray
) -> tuple[int, int]:
    """The speaker that is named right after a quotation."""
    if closed >= end:
        return NOT_TOLD
    stop = min(end, closed + REACH)
    found = NOT_TOLD
    # \s?[,;:.—–-]?\s{0,3}, each as much as there is, and then less.
    for space in range(1, -1, -1):
        first = closed + space
        if first > stop or (space and not is_kind(kinds, text[closed], SPACE)):
            continue
        for mark in range(1, -1, -1):
            second = first + mark
            if mark and (first >= stop or text[first] not in (44, 59, 58, 46, 0x2014, 0x2013, 45)):
                continue
            third = second
            while third < stop and third < second + 3 and is_kind(kinds, text[third], SPACE):
                third += 1
            while third >= second and found == NOT_TOLD:
                found = _named_at(text, third, stop, kinds, words, s)
                third -= 1
    if found != NOT_TOLD and text[closed] in (10, 13):
        place = skip_spaces(text, closed, end, kinds)
        if place < end and is_kind(kinds, text[place], UPPER):
            return NOT_TOLD
    return _proper(text, found, kinds, words)


def _named_at(
    text: ndarray, at: int, end: int, kinds: ndarray, words: ndarray, s: ndarray
) -> tuple[int, int]:
    """The speaker that words right here tell: said Ann, he said, Ann said, the man said, — Ann."""
    for v in range(verb_ends(text, at, end, kinds, words, s)):
        verb = s[VERBS + v]
        if verb < end and (text[verb] == 45 or is_kind(kinds, text[verb], SPACE)):
            for a in range(after_adverbs(text, verb + 1, end, 2, kinds, words, s)):
                place = s[ADVERBS + a]
                if pronoun_end(text, place, end, kinds, words) >= 0:
                    return UNNAMED
                if name_ends(text, place, end, kinds, words, s):
                    return place, s[NAMES]
                for k in range(phrase_ends(text, place, end, 4, kinds, words, s)):
                    if phrase_is_over(text, s[NAMES + k], end, kinds, words):
                        return place, s[NAMES + k]
    pronoun = pronoun_end(text, at, end, kinds, words)
    if (
        0 <= pronoun < end
        and is_kind(kinds, text[pronoun], SPACE)
        and says(text, pronoun + 1, end, -1, kinds, words, s)
    ):
        return UNNAMED
    for k in range(name_ends(text, at, end, kinds, words, s)):
        if name_says(text, s[NAMES + k], end, -1, kinds, words, s):
            return at, s[NAMES + k]
    for k in range(phrase_ends(text, at, end, 3, kinds, words, s)):
        stop = s[NAMES + k]
        if (
            stop < end
            and is_kind(kinds, text[stop], SPACE)
            and says(text, stop + 1, end, -1, kinds, words, s)
        ):
            return at, stop
    if at > 0 and text[at - 1] in (0x2014, 0x2013, 45):
        place = at + 1 if at < end and is_kind(kinds, text[at], SPACE) else at
        for k in range(name_ends(text, place, end, kinds, words, s)):
            if _is_signature(text, s[NAMES + k], end, kinds, words):
                return place, s[NAMES + k]
    place = at + 1 if at < end and text[at] == 40 else at
    place = _after_according_to(text, place, end, kinds, words)
    if place >= 0 and name_ends(text, place, end, kinds, words, s):
        return place, s[NAMES]
    return NOT_TOLD


def speaker_before(
    text: ndarray, start: int, opened: int, kinds: ndarray, words: ndarray, s: ndarray
) -> tuple[int, int]:
    """The speaker that is named in the clause that leads to a quotation."""
    begin = max(start, opened - REACH)
    if not _is_led_to(text, max(begin, opened - NEAR), opened, kinds, words, s):
        return NOT_TOLD
    n_reach = find_reach(text, begin, opened, kinds, words, s)
    for at in range(begin, opened):
        starts = is_kind(kinds, text[at], WORD) or text[at] == 45
        if starts and not (at > 0 and is_kind(kinds, text[at - 1], WORD)):
            found = _leading_from(text, at, opened, n_reach, kinds, words, s)
            if found != NOT_TOLD:
                return _proper(text, found, kinds, words)
    return NOT_TOLD


def _is_led_to(text: ndarray, near: int, opened: int, kinds: ndarray, words: ndarray, s: ndarray) -> bool:
    """Whether a mark or a verb stands before a quotation: most speech has nothing before it."""
    stop = skip_spaces_back(text, near, opened, kinds)
    if stop == near:
        return False
    if text[stop - 1] in (44, 58, 0x2014, 0x2013):
        return opened - stop <= 6
    if opened - stop != 1 or not is_kind(kinds, text[stop - 1], WORD):
        return False
    for at in range(near, stop):
        for k in range(verb_ends(text, at, stop, kinds, words, s)):
            if s[VERBS + k] == stop:
                return True
    return False


def _leading_from(
    text: ndarray, at: int, end: int, n_reach: int, kinds: ndarray, words: ndarray, s: ndarray
) -> tuple[int, int]:
    """The speaker told by a clause that begins with the word right here and reaches the end."""
    stop = word_end(text, at, end, kinds)
    bits = meaning(text, at, stop, words)
    pronoun = pronoun_end(text, at, end, kinds, words)
    may_be_name = (bits & (TITLED | LEADING) or is_kind(kinds, text[at], CAPITAL)) and not (
        at > 0 and text[at - 1] in (0x2019, 39, 46)
    )
    followed = 0 <= pronoun < end and is_kind(kinds, text[pronoun], SPACE)
    if followed and says(text, pronoun + 1, end, n_reach, kinds, words, s):
        return UNNAMED
    if may_be_name:
        for k in range(name_ends(text, at, end, kinds, words, s)):
            if name_says(text, s[NAMES + k], end, n_reach, kinds, words, s):
                return at, s[NAMES + k]
    if bits & DETERMINER:
        for k in range(phrase_ends(text, at, end, 3, kinds, words, s)):
            place = s[NAMES + k]
            if (
                place < end
                and is_kind(kinds, text[place], SPACE)
                and says(text, place + 1, end, n_reach, kinds, words, s)
            ):
                return at, place
    if bits & (VERB | LONG_VERB):
        found = _led_by_verb(text, at, end, n_reach, kinds, words, s)
        if found != NOT_TOLD:
            return found
    if may_be_name:
        for k in range(name_ends(text, at, end, kinds, words, s)):
            place = _last_border(text, at, s[NAMES + k], end, kinds)
            if place > at and does_and_says(text, place, end, n_reach, kinds, words, s):
                return at, place
    free = pronoun >= 0 and not (at > 0 and text[at - 1] in (0x2019, 39, 46))
    if free and does_and_says(text, pronoun, end, n_reach, kinds, words, s):
        return UNNAMED
    if bits & ACCORDING:
        place = _after_according_to(text, at, end, kinds, words)
        if place >= 0:
            for k in range(name_ends(text, place, end, kinds, words, s)):
                if reaches(s[NAMES + k], n_reach, s):
                    return place, s[NAMES + k]
    if bits & AS and stop < end and is_kind(kinds, text[stop], SPACE):
        for k in range(name_ends(text, stop + 1, end, kinds, words, s)):
            if puts_it(text, s[NAMES + k], end, n_reach, kinds, words, s):
                return stop + 1, s[NAMES + k]
    return NOT_TOLD


def _led_by_verb(
    text: ndarray, at: int, end: int, n_reach: int, kinds: ndarray, words: ndarray, s: ndarray
) -> tuple[int, int]:
    """Who speaks where the verb comes first: said Ann, ...; asked the old man: ..."""
    for v in range(verb_ends(text, at, end, kinds, words, s)):
        verb = s[VERBS + v]
        if verb < end and is_kind(kinds, text[verb], SPACE):
            for a in range(after_adverbs(text, verb + 1, end, 1, kinds, words, s)):
                place = s[ADVERBS + a]
                pronoun = pronoun_end(text, place, end, kinds, words)
                if pronoun >= 0 and reaches(pronoun, n_reach, s):
                    return UNNAMED
                for k in range(name_ends(text, place, end, kinds, words, s)):
                    if reaches(s[NAMES + k], n_reach, s):
                        return place, s[NAMES + k]
                for k in range(phrase_ends(text, place, end, 4, kinds, words, s)):
                    mark = skip_spaces(text, s[NAMES + k], end, kinds)
                    if mark < end and text[mark] in (44, 58) and reaches(s[NAMES + k], n_reach, s):
                        return place, s[NAMES + k]
    return NOT_TOLD


def _is_signature(text: ndarray, at: int, end: int, kinds: ndarray, words: ndarray) -> bool:
    """``\\s*(?:[,\\n]|\\Z)``"""
    while at < end and is_kind(kinds, text[at], SPACE):
        if text[at] == 10:
            return True
        at += 1
    return at == end or text[at] == 44


def _after_according_to(text: ndarray, at: int, end: int, kinds: ndarray, words: ndarray) -> int:
    """The place behind the words ``according to``, or -1."""
    first = word_end(text, at, end, kinds)
    if (
        first >= end
        or not is_kind(kinds, text[first], SPACE)
        or not meaning(text, at, first, words) & ACCORDING
    ):
        return -1
    second = word_end(text, first + 1, end, kinds)
    if second >= end or not is_kind(kinds, text[second], SPACE):
        return -1
    return second + 1 if meaning(text, first + 1, second, words) & TO else -1


def _last_border(text: ndarray, start: int, at: int, end: int, kinds: ndarray) -> int:
    """The last border of a word at which a name that is this span may end, or -1."""
    if text[at - 1] == 46:
        return at if is_word_border(text, at, end, kinds) else -1
    while at > start and not is_word_border(text, at, end, kinds):
        at -= 1
    return at


def _proper(text: ndarray, found: tuple[int, int], kinds: ndarray, words: ndarray) -> tuple[int, int]:
    return UNNAMED if found[0] >= 0 and is_vague(text, found[0], found[1], kinds, words) else found
