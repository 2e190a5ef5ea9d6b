"""Who speaks a quotation: said X, X replied, he said."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from eudaimon.curate.voices.labels import CAPITAL
from eudaimon.curate.voices.words import words

REACH = 110
"""Code points before and after a quotation within which its speaker is looked for."""
NEAR = 14
"""Code points before a quotation in which something must lead to it."""

ARTICLES = ("the ", "a ", "an ", "The ", "A ", "An ")
"""What is taken off the beginning of a name, each once and in this order."""
_ADVERB = re.compile(r"(?<=\w) [a-z]{3,}ly\Z")


class _Patterns(NamedTuple):
    after: re.Pattern[str]
    before: re.Pattern[str]
    hint: re.Pattern[str]


def speaker_after(text: str, closed: int, end: int) -> str | None:
    """The speaker that is named right after a quotation, "" for a pronoun, None where none is told."""
    if closed >= end:
        return None  # Half of all speech ends its paragraph.
    match = _patterns().after.match(text, closed, min(end, closed + REACH))
    if match is not None and text[closed : closed + 1] in "\r\n" and match[0].lstrip()[:1].isupper():
        return None  # A new line and a new sentence: what stands there leads to what follows.
    return None if match is None else _name(match)


def speaker_before(text: str, start: int, opened: int) -> str | None:
    """The speaker that is named in the clause that leads to a quotation; as `speaker_after`."""
    begin = max(start, opened - REACH)
    near = max(begin, opened - NEAR)
    # A hint ends in a mark or a word: most speech has nothing before it, or the end of a sentence.
    last = text[near:opened].rstrip()[-1:]
    if not (last.isalnum() or (last and last in "_,:—–")):
        return None
    patterns = _patterns()
    if not patterns.hint.search(text, near, opened):
        return None
    matches = list(patterns.before.finditer(text, begin, opened))
    return _name(matches[-1]) if matches else None


def _name(match: re.Match[str]) -> str:
    return "" if match.lastgroup is None else plain_name(match[match.lastgroup])


def plain_name(words_of_name: str) -> str:
    """A name as it is stored: without an article and line ends, "" where it names nobody ("the other")."""
    name = " ".join(words_of_name.split())
    for article in ARTICLES:
        name = name.removeprefix(article)
    if name in words().vague:
        return ""
    return _ADVERB.sub("", name)


def _any(found: frozenset[str]) -> str:
    return "(?:" + "|".join(sorted(map(re.escape, found), key=lambda word: (-len(word), word))) + ")"


@cache
def _patterns() -> _Patterns:
    w = words()
    verb = rf"\b{_any(w.verbs)}\b"
    pronouns = frozenset({*w.pronouns, *(word.capitalize() for word in w.pronouns)})
    pronoun = rf"{_any(pronouns)}\b"
    title = rf"(?:{_any(w.titles)}\b\.?\s)"
    particle = r"(?:of|de|von|van|du|la|le|the|der|del)\s"
    proper = (
        rf"{title}{{0,2}}(?:(?:de|von|van|du|la|le|der|del|di)\s){{0,2}}(?!{_any(w.no_names)}\b)(?:[{CAPITAL}]\.\s?){{0,3}}[{CAPITAL}][\w’'-]*"
        rf"(?:\s(?:{particle}){{0,2}}(?:[{CAPITAL}]\.|[{CAPITAL}][\w’'-]*)){{0,3}}"
    )
    determiner = _any(frozenset({*w.determiners, *(word.capitalize() for word in w.determiners)}))
    noun = rf"(?!{_any(w.phrase_ends | pronouns)}\b)[\w’-]+"
    phrase = rf"{determiner}\s(?:{noun}\s){{0,3}}?{noun}"
    phrase_end = rf"(?=\s*[,.;:!?—–()”“\"»]|\s+{_any(w.phrase_ends)}\b|\s*\Z)"
    adverb = r"(?:\w+ly\s|then\s|had\s|has\s|have\s|also\s|once\s|at\slast\s|would\s|once\smore\s|again\s)"
    after = re.compile(
        rf"\s?[,;:.—–-]?\s{{0,3}}(?:"
        rf"{verb}[\s-]{adverb}{{0,2}}(?:{pronoun}|(?P<n1>{proper})|(?P<n2>{phrase}){phrase_end})"
        rf"|{pronoun}\s{adverb}{{0,2}}{verb}"
        rf"|(?P<n3>{proper}),?\s{adverb}{{0,2}}{verb}"
        rf"|(?P<n4>{determiner}\s(?:{noun}\s){{0,2}}?{noun})\s{adverb}{{0,2}}{verb}"
        rf"|(?<=[—–-])\s?(?P<n5>{proper})\s*(?:[,\n]|\Z)"
        rf"|\(?[Aa]ccording\sto\s(?P<n6>{proper}))"
    )
    rest = r"[^.!?;“”\"«»\n]{0,60}[,:—–]{0,2}\s{0,6}\Z"
    before = re.compile(
        rf"(?:(?<!\w){pronoun}\s{adverb}{{0,2}}{verb}"
        rf"|(?<![\w’'.])(?P<n1>{proper}),?\s{adverb}{{0,2}}{verb}"
        rf"|(?<!\w)(?P<n2>{determiner}\s(?:{noun}\s){{0,2}}?{noun})\s{adverb}{{0,2}}{verb}"
        rf"|{verb}\s{adverb}?(?:{pronoun}|(?P<n3>{proper})|(?P<n4>{phrase})(?=\s*[,:]))"
        rf"|(?<![\w’'.])(?:(?P<n5>{proper})|{pronoun})\b[^.!?;“”\"«»\n]{{0,60}}?\s(?:and|then|but)\s{adverb}{{0,2}}{verb}"
        rf"|\b[Aa]ccording\sto\s(?P<n6>{proper})"
        rf"|\b[Aa]s\s(?P<n7>{proper})\s(?:once\s)?(?:puts?\sit|{verb})){rest}"
    )
    return _Patterns(after, before, re.compile(rf"[,:—–]\s{{0,6}}\Z|{verb}\s\Z"))
