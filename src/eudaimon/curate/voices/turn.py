"""A turn: the span in which one voice speaks at the top level of a text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

NARRATOR = "narrator"
"""The voice of all that no other voice says."""
QUOTED = "quoted"
"""The voice of a quotation whose speaker is not told."""
MARKUP = "markup"
"""What belongs to the form and nobody says: ``Human: ``, a template's tokens, the braces of JSON."""


class Turn(NamedTuple):
    """A span ``[start, end)`` in code points, its voice, and who that is, where it is known."""

    start: int
    end: int
    voice: str
    persona: str = ""
    subject: str = ""


def tile(text: str, turns: Iterable[Turn]) -> list[Turn]:
    """The turns, in order, without blanks at their ends, and `MARKUP` for all that is between them."""
    tiles: list[Turn] = []
    done = 0
    for begin, stop, voice, persona, subject in turns:
        start, end = strip(text, begin, stop)
        if start >= end:
            continue
        if start > done:
            tiles.append(Turn(done, start, MARKUP))
        tiles.append(Turn(start, end, voice, persona, subject))
        done = end
    if done < len(text):
        tiles.append(Turn(done, len(text), MARKUP))
    return tiles


def strip(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without white space at its ends."""
    inside = text[start:end]
    left = len(inside) - len(inside.lstrip())
    return start + left, max(start + left, start + len(inside.rstrip()))
