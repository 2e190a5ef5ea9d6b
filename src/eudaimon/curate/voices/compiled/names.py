"""Names and phrases that speakers go by: where those that begin at a place may end.

Every function looks at ``text[at:end]`` and no further, as `re` does with ``endpos``, and at what stands
before ``at``. Where a pattern of `eudaimon.curate.voices.speakers` can match in several ways, the ends are
written to ``s`` in the order in which `re` would try them. A repeated class, such as that of a name's
letters, is only taken whole: nothing that may follow in these patterns begins with a character of that class,
so that fewer of them never match.
"""

from __future__ import annotations

from numpy import ndarray

from eudaimon.curate.voices.compiled.characters import CAPITAL, SPACE, WORD, is_kind, skip_spaces
from eudaimon.curate.voices.compiled.word_table import (
    ADVERB,
    AT,
    DASH_PRONOUN,
    DETERMINER,
    JOINING,
    LAST,
    LEADING,
    LONG_VERB,
    MORE,
    NO_NAME,
    ONCE,
    PHRASE_END,
    PRONOUN,
    TITLED,
    VERB,
    meaning,
    word_end,
)

NAMES, TITLES, PARTICLES, INITIALS, ADVERBS, VERBS = 0, 576, 579, 582, 586, 594
LOW, HIGH, N_SCRATCH = 600, 624, 648
"""Where in the scratch array ``s`` ends are written: those of names and phrases, of adverbs, of verbs.

A name has at most 3 (titles) x 3 (particles) x 4 (initials) x 15 (three more words) ends. From ``LOW`` and
``HIGH`` on stand the spans of `clauses`.
"""


def verb_ends(text: ndarray, at: int, end: int, kinds: ndarray, words: ndarray, s: ndarray) -> int:
    """The ends of a verb of speech that begins as a word does, and how many there are."""
    if at >= end or not is_kind(kinds, text[at], WORD) or (at > 0 and is_kind(kinds, text[at - 1], WORD)):
        return 0
    stop = word_end(text, at, end, kinds)
    bits = meaning(text, at, stop, words)
    n = 0
    if bits & LONG_VERB:
        longer = word_end(text, stop + 1, end, kinds)
        if longer > stop + 1 and meaning(text, at, longer, words) & VERB:
            s[VERBS] = longer
            n = 1
    if bits & VERB:
        s[VERBS + n] = stop
        n += 1
    return n


def pronoun_end(text: ndarray, at: int, end: int, kinds: ndarray, words: ndarray) -> int:
    """Where a pronoun ends, or -1."""
    if at < end and text[at] == 45:
        stop = word_end(text, at + 1, end, kinds)
        return stop if meaning(text, at + 1, stop, words) & DASH_PRONOUN else -1
    stop = word_end(text, at, end, kinds)
    return stop if meaning(text, at, stop, words) & PRONOUN else -1


def adverb_ends(text: ndarray, at: int, end: int, kinds: ndarray, words: ndarray) -> tuple[int, int]:
    """The ends, white space included, of one adverb or auxiliary; -1 where there is none, or no second."""
    stop = word_end(text, at, end, kinds)
    if stop == at or stop >= end or not is_kind(kinds, text[stop], SPACE):
        return -1, -1
    if stop - at > 2 and text[stop - 2] == 108 and text[stop - 1] == 121:
        return stop + 1, -1  # \w+ly
    bits = meaning(text, at, stop, words)
    if bits & (AT | ONCE):
        second = word_end(text, stop + 1, end, kinds)
        wanted = LAST if bits & AT else MORE
        whole = second < end and is_kind(kinds, text[second], SPACE)
        longer = second + 1 if whole and meaning(text, stop + 1, second, words) & wanted else -1
        return (stop + 1, longer) if bits & ADVERB else (longer, -1)
    return (stop + 1, -1) if bits & ADVERB else (-1, -1)


def after_adverbs(
    text: ndarray, at: int, end: int, most: int, kinds: ndarray, words: ndarray, s: ndarray
) -> int:
    """The places behind at most so many adverbs (1 or 2), the most first, and how many there are."""
    n = 0
    one, other = adverb_ends(text, at, end, kinds, words)
    for first in (one, other):
        if first >= 0:
            if most > 1:
                second, third = adverb_ends(text, first, end, kinds, words)
                for place in (second, third):
                    if place >= 0:
                        s[ADVERBS + n] = place
                        n += 1
            s[ADVERBS + n] = first
            n += 1
    s[ADVERBS + n] = at
    return n + 1


def phrase_ends(
    text: ndarray, at: int, end: int, most: int, kinds: ndarray, words: ndarray, s: ndarray
) -> int:
    """The ends of a determiner and one noun to ``most``, the fewest first, and how many there are."""
    stop = word_end(text, at, end, kinds)
    if (
        stop >= end
        or not meaning(text, at, stop, words) & DETERMINER
        or not is_kind(kinds, text[stop], SPACE)
    ):
        return 0
    n = 0
    while n < most:
        stop = _noun_end(text, stop + 1, end, kinds, words)
        if stop < 0:
            break
        s[NAMES + n] = stop
        n += 1
        if stop >= end or not is_kind(kinds, text[stop], SPACE):
            break
    return n


def phrase_is_over(text: ndarray, at: int, end: int, kinds: ndarray, words: ndarray) -> bool:
    """Whether a phrase may end there: before a mark, one of the words that no phrase has, or the end."""
    place = skip_spaces(text, at, end, kinds)
    if place == end:
        return True
    point = text[place]
    if point in (33, 34, 40, 41, 44, 46, 58, 59, 63, 0x2013, 0x2014, 0x201C, 0x201D, 0xBB):
        return True
    return place > at and meaning(text, place, word_end(text, place, end, kinds), words) & PHRASE_END != 0


def name_ends(text: ndarray, at: int, end: int, kinds: ndarray, words: ndarray, s: ndarray) -> int:
    """The ends of a proper name, with titles and particles, and how many there are."""
    if at >= end or not is_kind(kinds, text[at], WORD):
        return 0
    n = 0
    s[TITLES] = at
    n_titles = 1
    while n_titles < 3:
        place = _title_end(text, s[TITLES + n_titles - 1], end, kinds, words)
        if place < 0:
            break
        s[TITLES + n_titles] = place
        n_titles += 1
    for i in range(n_titles - 1, -1, -1):
        n_particles = _leading_particles(text, s[TITLES + i], end, kinds, words, s)
        for j in range(n_particles - 1, -1, -1):
            place = s[PARTICLES + j]
            if place >= end or not is_kind(kinds, text[place], CAPITAL):
                continue
            if meaning(text, place, word_end(text, place, end, kinds), words) & NO_NAME:
                continue
            s[INITIALS] = place
            n_initials = 1
            while n_initials < 4:
                if not (place + 1 < end and is_kind(kinds, text[place], CAPITAL) and text[place + 1] == 46):
                    break
                place += 2
                if place < end and is_kind(kinds, text[place], SPACE):
                    place += 1
                s[INITIALS + n_initials] = place
                n_initials += 1
            for k in range(n_initials - 1, -1, -1):
                place = s[INITIALS + k]
                if place < end and is_kind(kinds, text[place], CAPITAL):
                    n = _with_more(text, _letters_end(text, place, end, kinds), end, kinds, words, s, n)
    return n


def _with_more(text: ndarray, at: int, end: int, kinds: ndarray, words: ndarray, s: ndarray, n: int) -> int:
    """Write the ends of a name whose first word ends here: with up to three more words, the most first."""
    for first in _next_word(text, at, end, kinds, words):
        if first >= 0:
            for second in _next_word(text, first, end, kinds, words):
                if second >= 0:
                    for third in _next_word(text, second, end, kinds, words):
                        if third >= 0:
                            s[NAMES + n] = third
                            n += 1
                    s[NAMES + n] = second
                    n += 1
            s[NAMES + n] = first
            n += 1
    s[NAMES + n] = at
    return n + 1


def _next_word(text: ndarray, at: int, end: int, kinds: ndarray, words: ndarray) -> tuple[int, int]:
    """The ends of one more word of a name, -1 where there is none: an initial with its dot, or letters."""
    if at >= end or not is_kind(kinds, text[at], SPACE):
        return -1, -1
    place = at + 1
    for _ in range(2):
        stop = word_end(text, place, end, kinds)
        if stop < end and is_kind(kinds, text[stop], SPACE) and meaning(text, place, stop, words) & JOINING:
            place = stop + 1
    if place >= end or not is_kind(kinds, text[place], CAPITAL):
        return -1, -1
    dotted = place + 2 if place + 1 < end and text[place + 1] == 46 else -1
    return dotted, _letters_end(text, place, end, kinds)


def _letters_end(text: ndarray, at: int, end: int, kinds: ndarray) -> int:
    """Where word characters, apostrophes and hyphens end."""
    while at < end and (is_kind(kinds, text[at], WORD) or text[at] in (0x2019, 39, 45)):
        at += 1
    return at


def _leading_particles(text: ndarray, at: int, end: int, kinds: ndarray, words: ndarray, s: ndarray) -> int:
    """Write the places behind no, one and two particles, as far as there are any, and how many places."""
    s[PARTICLES] = at
    n = 1
    while n < 3:
        stop = word_end(text, at, end, kinds)
        if (
            stop >= end
            or not is_kind(kinds, text[stop], SPACE)
            or not meaning(text, at, stop, words) & LEADING
        ):
            break
        at = stop + 1
        s[PARTICLES + n] = at
        n += 1
    return n


def _title_end(text: ndarray, at: int, end: int, kinds: ndarray, words: ndarray) -> int:
    stop = word_end(text, at, end, kinds)
    if not meaning(text, at, stop, words) & TITLED:
        return -1
    if stop < end and text[stop] == 46:
        stop += 1
    return stop + 1 if stop < end and is_kind(kinds, text[stop], SPACE) else -1


def _noun_end(text: ndarray, at: int, end: int, kinds: ndarray, words: ndarray) -> int:
    """Where a word of a phrase ends that is no pronoun and may stand in one, or -1."""
    stop = word_end(text, at, end, kinds)
    if meaning(text, at, stop, words) & (PHRASE_END | PRONOUN):
        return -1
    if at < end and text[at] == 45 and pronoun_end(text, at, end, kinds, words) >= 0:
        return -1
    while stop < end and (is_kind(kinds, text[stop], WORD) or text[stop] in (0x2019, 45)):
        stop += 1
    return stop if stop > at else -1
