"""Where sentences end."""

from __future__ import annotations

import re
from collections.abc import Iterator

# The last mark of a run, so that a long run of dots is read once. The wide marks need no space after them.
# All marks come first, in one class: only so does the search skip from one to the next.
_END = re.compile(
    r"[.!?…。！？](?:(?<=[.!?…])(?![.!?…])[\"'”’»›)\]*_]{0,8}(?=\s)|(?<=[。！？])(?![。！？])[」』”’）]{0,8})\s*"
)
ABBREVIATIONS = (
    *(
        "Mr",
        "Mrs",
        "Ms",
        "Dr",
        "St",
        "Prof",
        "Capt",
        "Col",
        "Gen",
        "Lt",
        "Sgt",
        "Rev",
        "Hon",
        "Messrs",
        "Mme",
        "Mlle",
    ),
    *("Jr", "Sr", "vs", "etc", "cf", "al", "ca", "approx", "No", "no", "Fig", "fig", "Eq", "eq", "Ch", "ch"),
    *("Vol", "vol", "p", "pp", "Ed", "ed", "bzw"),
)
"""Words with a dot behind them that ends no sentence; so have the pairs of letters, and every capital."""
LETTER_PAIRS = ("e.g", "i.e", "z.B")
_ABBREVIATION = re.compile(
    rf"(?:\b(?:[A-Z]|{'|'.join(ABBREVIATIONS)}|{'|'.join(map(re.escape, LETTER_PAIRS))})\.)\Z"
)


def sentence_spans(text: str) -> tuple[tuple[int, int], ...]:
    """Spans ``[start, end)`` in code points that tile the text, one a sentence with the white space after it.

    A blank line ends a sentence whatever stands before it, and so does the end of the text.
    """
    ends = sorted({*sentence_ends(text, 0, len(text)), *block_ends(text, 0, len(text)), len(text)} - {0})
    return tuple(zip([0, *ends], ends, strict=False))


def sentence_ends(text: str, start: int, end: int) -> Iterator[int]:
    """Positions in the span after a sentence and the white space that follows it, in order."""
    for match in _END.finditer(text, start, end):
        after = text[match.end() : match.end() + 1]
        if after.islower():
            continue
        if text[match.start()] == "." and _ABBREVIATION.search(
            text, max(start, match.start() - 8), match.start() + 1
        ):
            continue
        yield match.end()


_BLOCK_END = re.compile(r"\n[^\S\n]*+\n\s*+")


def block_ends(text: str, start: int, end: int) -> Iterator[int]:
    """Positions in the span after a blank line, in order."""
    for match in _BLOCK_END.finditer(text, start, end):
        yield match.end()
