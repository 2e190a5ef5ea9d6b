"""Forum threads: posts under lines such as ``alice wrote:``."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from eudaimon.curate.voices.turn import NARRATOR, Turn
from eudaimon.curate.voices.words import words

_HEADER = re.compile(
    r"\n[ \t]{0,8}(?:(?:On|Am|Le|El)[ ][^\n:]{4,30}(?::\d\d){0,2}[^\n:]{0,30}?,[ ])?"
    r"(?:(?i:originally[ ]posted[ ]by|quote[ ]from|reply[ ]by|posted[ ]by)[ ](?P<by>[^\n:,]{1,40}?)"
    r"(?:[ ](?:on|at)[ ][^\n]{1,40})?:?"
    r"|(?P<name>[^\s:>][^\n:<>]{0,39}?)(?:[ ]<[^<>\n]{1,60}>)?"
    r"[ ](?:wrote|writes|said|posted|schrieb|a[ ]écrit|escribió)"
    r"(?:[ ](?:on|at|↑)[^\n]{0,40}?)?[ ]?:)[ \t\r]*(?=\n)"
)

# A mark or a dash below "Ann said:" makes it a sentence of prose.
_PROSE = frozenset("“\"‘'«„—–―")


class Header(NamedTuple):
    """A line that says whose words follow: its span, the name, and whether they are marked by ``>``."""

    start: int
    end: int
    name: str
    marked: bool


def may_have_headers(text: str) -> bool:
    """Whether a line ends in a colon, or says who posted something: without, there are no `headers`."""
    return ":\n" in text or ":\r\n" in text or "osted by" in text or ": \n" in text


@lru_cache(maxsize=2)
def headers(text: str) -> tuple[Header, ...]:
    """Every line that says whose words follow, in order; asked twice of the same text in a row."""
    if not may_have_headers(text):
        return ()
    found = []
    for match in _HEADER.finditer("\n" + text):
        end = match.end() - 1
        follows = text[end : end + 80].lstrip()
        name = (match["name"] or match["by"]).strip()
        if follows[:1] not in _PROSE and name.partition(" ")[0].lower() not in words().pronouns:
            found.append(Header(match.start(), end, name, follows.startswith(">")))
    return tuple(found)


def forum_turns(text: str) -> list[Turn] | None:
    """The posts of a thread, or None unless two posts or more stand under such lines.

    A line above words marked by ``>`` opens no post: it names who is quoted.
    """
    posts = [header for header in headers(text) if not header.marked]
    if len(posts) < 2:
        return None
    ends = [header.start for header in posts[1:]] + [len(text)]
    return [Turn(0, posts[0].start, NARRATOR)] + [
        Turn(header.end, end, header.name, header.name) for header, end in zip(posts, ends, strict=True)
    ]
