"""The words that tell who speaks, by hash: one look-up says everything that a word may be."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Int, UInt8, UInt64
from numpy import ndarray

from eudaimon.curate.voices.compiled.characters import WORD, character_kinds, is_kind
from eudaimon.curate.voices.roles import chat_forms, role_names
from eudaimon.curate.voices.sentences import ABBREVIATIONS
from eudaimon.curate.voices.speakers import ARTICLES
from eudaimon.curate.voices.words import words

VERB, PRONOUN, DETERMINER, TITLED, LEADING, JOINING, NO_NAME, PHRASE_END = (1 << bit for bit in range(8))
"""``LEADING`` and ``JOINING`` particles stand before a name and in it."""
ADVERB, AND, VAGUE, ROLE, ABBREVIATION, LONG_VERB, DASH_PRONOUN = (1 << bit for bit in range(8, 15))
"""``LONG_VERB`` is the first word of a verb of two, ``DASH_PRONOUN`` what stands behind its dash."""
AT, LAST, ONCE, MORE, ACCORDING, TO, AS, PUT = (1 << bit for bit in range(15, 23))
FIRST_ARTICLE = 1 << 23
"""The first of `speakers.ARTICLES`; the next has the next bit."""
_LITERALS = (
    ("de von van du la le der del di", LEADING),
    ("of de von van du la le the der del", JOINING),
    ("then had has have also once would again", ADVERB),
    ("and then but", AND),
    *zip(("at", "last", "once", "more"), (AT, LAST, ONCE, MORE), strict=True),
    *zip(("According according", "to", "As as", "put puts"), (ACCORDING, TO, AS, PUT), strict=True),
)
_LONGEST = 32
_SLOTS = 2048
_START, _FACTOR = 14695981039346656037, 1099511628211  # FNV-1a, over code points


class Tables(NamedTuple):
    """What the loops look up; made by `tables`."""

    kinds: UInt8[ndarray, " points"]
    """Of `character_kinds`."""
    words: UInt64[ndarray, "slots 2"]
    """The hash of a word, at the first free slot from its own on, and what the word may be; 0 is free."""
    openings: Int[ndarray, "marks 2"]
    """The first two code points of each mark of a template that opens a turn."""


@cache
def tables() -> Tables:
    """The tables, from the packaged words and roles."""
    w = words()
    meanings: dict[str, int] = {}
    both = {*w.pronouns, *(word.capitalize() for word in w.pronouns)}
    determiners = {*w.determiners, *(word.capitalize() for word in w.determiners)}
    kinds = character_kinds()
    plain = {verb for verb in w.verbs if _is_word(verb)}
    listed = [
        *((word, VERB) for word in plain),
        *((verb, VERB) for verb in w.verbs - plain),
        *((_first_word(verb), LONG_VERB) for verb in w.verbs - plain),
        *((word, PRONOUN) for word in both if not word.startswith("-")),
        *((word[1:], DASH_PRONOUN) for word in both if word.startswith("-")),
        *((word, DETERMINER) for word in determiners),
        *((word, TITLED) for word in w.titles),
        *((word, NO_NAME) for word in w.no_names),
        *((word, PHRASE_END) for word in w.phrase_ends),
        *((word, VAGUE) for word in w.vague),
        *((_first_word(name), ROLE) for name in role_names()),
        *((word, ABBREVIATION) for word in ABBREVIATIONS),
        *((word, bit) for many, bit in _LITERALS for word in many.split()),
        *((article.strip(), FIRST_ARTICLE << k) for k, article in enumerate(ARTICLES)),
    ]
    for word, bit in listed:
        if not (_is_word(word) or (bit == VERB and _is_pair(word))) or len(word) > _LONGEST:
            raise ValueError(f"the loops that find speakers cannot look up {word!r}: it is not one word")
        meanings[word] = meanings.get(word, 0) | bit
    table = np.zeros((_SLOTS, 2), dtype=np.uint64)
    for word, bits in meanings.items():
        key = word_hash(word)
        slot = key & (_SLOTS - 1)
        while table[slot, 0]:
            slot = (slot + 1) & (_SLOTS - 1)
        table[slot] = key, bits
    openings = [[ord(character) for character in form.open[:2]] for form in chat_forms().templates]
    for first, _ in openings:
        if chr(first) not in "<[#":
            raise ValueError(f"the loops that look for templates do not look at {chr(first)!r}")
    return Tables(kinds, table, np.array(openings, dtype=np.int64))


def word_hash(word: str) -> int:
    """The hash by which a word is found, 64 bits."""
    value = _START
    for character in word:
        value = ((value ^ ord(character)) * _FACTOR) & (2**64 - 1)
    return value


def word_end(text: ndarray, at: int, end: int, kinds: ndarray) -> int:
    """Where the word characters from ``at`` on end."""
    while at < end and is_kind(kinds, text[at], WORD):
        at += 1
    return at


def meaning(text: ndarray, start: int, end: int, words: ndarray) -> int:
    """The bits of the word that is this span, 0 for a word that is not in the table."""
    if end <= start or end - start > _LONGEST:
        return 0
    key = np.uint64(_START)
    for at in range(start, end):
        key = (key ^ np.uint64(text[at])) * np.uint64(_FACTOR)
    return found(key, words)


def found(key: np.uint64, words: ndarray) -> int:
    """The bits at a hash."""
    slot = np.int64(key & np.uint64(_SLOTS - 1))
    while words[slot, 0] != 0:
        if words[slot, 0] == key:
            return np.int64(words[slot, 1])  # type: ignore[return-value]
        slot = (slot + 1) & (_SLOTS - 1)
    return 0


def _is_word(word: str) -> bool:
    return word.replace("_", "a").isalnum()


def _is_pair(words: str) -> bool:
    first = _first_word(words)
    return _is_word(words[len(first) + 1 :])


def _first_word(words: str) -> str:
    return next((words[:at] for at in range(len(words)) if not _is_word(words[: at + 1])), words)
