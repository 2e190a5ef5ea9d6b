"""What is wrong with a constitution, found by its words alone: no model is asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from eudaimon.data.constitutions.constitution import Constitution
from eudaimon.data.constitutions.words import lexicon, stems, words

Rule = Literal[
    "few prompts", "not first person", "duplicate", "contradiction", "leak", "command", "contrast trained on"
]
FEWEST = 5
"""Prompts of a trait: as many as OpenCharacterTraining's authors write by hand."""
SHARED = 3
"""Telling words that a prompt shares with its principle from which on it gives the trait away."""
ALIKE = 0.6
"""Share of the shorter principle's telling words from which on two are about the same thing."""
NAMED = 5
"""Letters of a character's name that tell it: ``poetic`` in a prompt gives poeticism away."""
FIRST_PERSON = frozenset({"i", "my", "me", "myself", "mine", "i'm", "i've", "i'd", "i'll"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: by which rule, where (``trait 2, prompt 3``), and what."""

    rule: Rule
    where: str
    what: str


def lint(constitution: Constitution, *, fewest: int = FEWEST) -> tuple[Finding, ...]:
    """Everything that is found wrong, rule by rule and trait by trait; nothing when all is well.

    - **few prompts**: a trait with fewer than ``fewest``, duplicates counted once.
    - **not first person**: a principle without I, my or me.
    - **duplicate**: a prompt or a principle whose words stood before.
    - **contradiction**: two principles about the same thing of which one denies it, or which ask for
      two sides of a pair such as brief and lengthy, without a word such as "unless" or "while" in either.
    - **leak**: a prompt that names the character or shares `SHARED` telling words with its principle.
    - **command**: a prompt that tells the model whom to play.
    - **contrast trained on**: a contrast prompt that is a prompt too.

    The rules read words and no meaning: a finding is a place to look at, and no proof.
    """
    return (
        *_counts(constitution, fewest),
        *_duplicates(constitution),
        *_contradictions(constitution),
        *_leaks(constitution),
        *_trained_on(constitution),
    )


def _counts(constitution: Constitution, fewest: int) -> Iterator[Finding]:
    for number, trait in enumerate(constitution.traits, start=1):
        n = len({_key(text) for text in (*trait.prompts, *trait.expanded)})
        if n < fewest:
            yield Finding("few prompts", f"trait {number}", f"{n}, and {fewest} are wanted")
        if not FIRST_PERSON & set(words(trait.principle)):
            yield Finding("not first person", f"trait {number}", trait.principle)


def _duplicates(constitution: Constitution) -> Iterator[Finding]:
    seen: dict[tuple[str, ...], str] = {}
    for number, trait in enumerate(constitution.traits, start=1):
        for where, text in [(f"trait {number}", trait.principle), *_prompts(constitution, number)]:
            before = seen.setdefault(_key(text), where)
            if before != where:
                yield Finding("duplicate", where, f"as {before}: {text}")


def _contradictions(constitution: Constitution) -> Iterator[Finding]:
    known = lexicon()
    read = [(number, trait.principle) for number, trait in enumerate(constitution.traits, start=1)]
    for (first, one), (second, other) in combinations(read, 2):
        own, others = set(words(one)), set(words(other))
        if known.exceptions & (own | others):
            continue
        denied = bool(known.negations & own) != bool(known.negations & others)
        shared, least = stems(one) & stems(other), min(len(stems(one)), len(stems(other)))
        same = len(shared) >= 2 and len(shared) >= ALIKE * least
        pairs = (*known.manners, *(known.deeds if shared else ()))
        if (same and denied) or (not denied and any(_two_sides(pair, own, others) for pair in pairs)):
            yield Finding("contradiction", f"traits {first} and {second}", f"{one} / {other}")


def _two_sides(pair: tuple[str, str], own: set[str], others: set[str]) -> bool:
    has = [[any(word.startswith(side) for word in group) for side in pair] for group in (own, others)]
    return has in ([[True, False], [False, True]], [[False, True], [True, False]])


def _leaks(constitution: Constitution) -> Iterator[Finding]:
    name = constitution.name.casefold()[:NAMED]
    for number, trait in enumerate(constitution.traits, start=1):
        telling = stems(trait.principle)
        for where, text in _prompts(constitution, number):
            lowered = " ".join(words(text))
            command = next((word for word in lexicon().commands if f" {word} " in f" {lowered} "), None)
            if command:
                yield Finding("command", where, f"{command!r}: {text}")
            elif len(name) == NAMED and any(word.startswith(name) for word in words(text)):
                yield Finding("leak", where, f"it names the character: {text}")
            elif len(shared := telling & stems(text)) >= SHARED:
                yield Finding("leak", where, f"{', '.join(sorted(shared))}: {text}")


def _trained_on(constitution: Constitution) -> Iterator[Finding]:
    trained = {_key(text) for text in constitution.prompts}
    for number, trait in enumerate(constitution.traits, start=1):
        for place, text in enumerate(trait.contrast_prompts, start=1):
            if _key(text) in trained:
                yield Finding("contrast trained on", f"trait {number}, contrast prompt {place}", text)


def _prompts(constitution: Constitution, number: int) -> list[tuple[str, str]]:
    trait = constitution.traits[number - 1]
    named = [(f"trait {number}, prompt {place}", text) for place, text in enumerate(trait.prompts, 1)]
    return named + [
        (f"trait {number}, expanded prompt {place}", text) for place, text in enumerate(trait.expanded, 1)
    ]


def _key(text: str) -> tuple[str, ...]:
    # Numbers and signs tell prompts apart too: 2 + 3 and 2 - 3.
    return tuple(re.findall(r"\w+|[^\w\s.,;:!?'\"’]", text.casefold()))
