"""Quotations in prose: which marks open and close one, and how they nest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from eudaimon.curate.voices.turn import strip

# Blank lines and the marks that may open or close a quotation. Every branch begins with a literal: the search
# skips from one to the next.
TOKENS = re.compile(r"\n[^\S\n]*+\n\s*+|[“”„‟«»‹›「」『』]|\"|‘|'(?<![\w'’)]')(?=[\w“\"])")

_CLOSE = {
    "“": "”",
    "‟": "”",
    "„": "“”",
    "«": "»",
    "‹": "›",
    "「": "」",
    "『": "』",
    '"': '"',
    "”": "”",
    "»": "«",
    "›": "‹",
}
_SINGLE_END = re.compile(r"’(?!\w)")
_SPOKEN_END = re.compile(r"(?<=[.!?,;:…—–-])’(?!\w)")
_STRAIGHT_END = re.compile(r"(?<=[.!?,;:…—-])'(?!\w)")
# Deeper marks are stray: ten thousand opening marks in a row are no voices.
_DEPTH = 6


@dataclass(slots=True)
class Quotation:
    """What stands between two marks (without them), and where the marks begin and end."""

    start: int
    end: int
    opened: int
    closed: int
    depth: int
    continues: bool = False
    """Whether the paragraph ended before the mark that closes it."""


@dataclass(slots=True)
class _Open:
    closing: str
    opened: int
    end: int = -1


def quotations(text: str, marks: Sequence[int], start: int, end: int, *, goes_on: bool) -> list[Quotation]:
    """The quotations of one paragraph, in order and nested, from the positions of its marks.

    A mark that is never closed opens nothing, unless the quotation ``goes_on``: the next paragraph begins with a
    mark again, or the text breaks off.
    """
    found: list[Quotation] = []
    stack: list[_Open] = []
    single_left = straight_left = True
    previous = start
    for mark in marks:
        _end_singles(text, stack, found, mark)
        if stack and mark < stack[-1].opened + 1:
            continue
        character = text[mark]
        closer = next((i for i in range(len(stack) - 1, -1, -1) if character in stack[i].closing), None)
        if closer is not None and (character not in "\"”»›" or _closes(text, mark, start, stack[closer])):
            del stack[closer + 1 :]
            _add(text, found, stack.pop().opened, mark, mark + 1, len(stack))
        elif _opens(text, mark, start, end):
            if closer is not None and character == '"':
                del stack[closer:]
            if stack and text.find("\n", previous, mark) >= 0 and stack[-1].end < 0 and not _wrapped(text, previous, mark):
                stack.clear()
            if len(stack) >= _DEPTH:
                pass
            elif character in "‘'":
                limit = _next_single(text, mark, end) if character == "‘" else end
                close = -1
                if character == "‘" and single_left:
                    close = _single_close(text, mark, limit)
                    single_left = close >= 0 or limit < end
                elif character == "'" and straight_left:
                    match = _STRAIGHT_END.search(text, mark + 1, end)
                    close = match.start() if match else -1
                    straight_left = match is not None
                if close >= 0:
                    stack.append(_Open("", mark, close))
            else:
                stack.append(_Open(_CLOSE[character], mark)) if character in _CLOSE else None
        previous = mark
    _end_singles(text, stack, found, end)
    if goes_on and stack and stack[-1].end < 0:
        # What was opened last is still open; the marks before it were closed or stray.
        last = stack[-1]
        if not any(quotation.opened > last.opened and quotation.depth == 0 for quotation in found):
            _add(text, found, last.opened, end, end, len(stack) - 1, continues=True)
    found.sort(key=lambda quotation: (quotation.opened, -quotation.closed))
    return found


def _add(
    text: str, found: list[Quotation], opened: int, last: int, closed: int, depth: int, *, continues: bool = False
) -> None:
    if text[last - 1] == text[opened - 1] == "\\":
        last -= 1  # A mark that is escaped, as in JSON.
    start, end = strip(text, opened + 1, max(opened + 1, last))
    if start < end:
        found.append(Quotation(start, end, opened, closed, depth, continues))


def _end_singles(text: str, stack: list[_Open], found: list[Quotation], position: int) -> None:
    """Close what was opened by a single mark and ends before a position, and drop what crosses its end."""
    for index, entry in enumerate(stack):
        if 0 <= entry.end < position:
            del stack[index:]
            _add(text, found, entry.opened, entry.end, entry.end + 1, index)
            return


def _opens(text: str, mark: int, start: int, end: int) -> bool:
    before = text[mark - 1] if mark > start else " "
    after = text[mark + 1] if mark + 1 < end else " "
    if text[mark] in "“„‟«‹「『‘'":
        return True
    return not after.isspace() and not before.isalnum() and after not in ".,;:!?)]"


def _closes(text: str, mark: int, start: int, entry: _Open) -> bool:
    """Whether a mark that could also open closes: nothing or punctuation stands before it, or no word after."""
    if text[mark] != '"':
        return True
    before = text[mark - 1] if mark > start else " "
    return not before.isspace() or not text[mark + 1 : mark + 2].isalnum()


def _next_single(text: str, mark: int, end: int) -> int:
    following = text.find("‘", mark + 1, end)
    return end if following < 0 else following


def _single_close(text: str, mark: int, limit: int) -> int:
    """Where a ``‘`` is closed, or -1: an apostrophe at a word's end looks the same, so punctuation decides first."""
    first = _SINGLE_END.search(text, mark + 1, limit)
    if first is None:
        return -1
    if text[first.start() - 1].isalpha() and text[first.end() : first.end() + 2].strip().islower():
        spoken = _SPOKEN_END.search(text, first.end(), limit)
        return spoken.start() if spoken else first.start()
    return first.start()


def _wrapped(text: str, start: int, end: int) -> bool:
    """Whether the line breaks of a span stand within sentences, as where lines are cut at a width."""
    return re.search(r"[\w,;-][ \t\r]*\n[ \t]*[a-z]", text[start:end]) is not None
