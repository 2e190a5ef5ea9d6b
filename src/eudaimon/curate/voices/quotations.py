"""Quotations in prose: which marks open and close one, and how they nest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from eudaimon.curate.voices.turn import strip

_MARKS = '“”„‟«»‹›「」『』"‘'
_BLANK_LINE = re.compile(r"\n[^\S\n]*+\n\s*+")
_OPENING_SINGLE = re.compile(r"'(?<![\w'’)]')(?=[^\W\d]|[“\"])")

# What closes each mark. German and Swedish use some of them the other way round.
_CLOSE = {
    **{"“": "”", "‟": "”", "„": "“”", "«": "»", "‹": "›", "「": "」", "『": "』"},
    **{'"': '"', "”": "”", "»": "«", "›": "‹"},
}
_ONLY_OPEN = frozenset("“„‟«‹「『‘'")
_CLOSE_OR_APOSTROPHE = re.compile(r"’(?!\w)")
_CLOSE_AFTER_SPEECH = re.compile(r"(?<=[.!?,;:…—–-])’(?!\w)")
_STRAIGHT_CLOSE = re.compile(r"(?<=[.!?,;:…—-])'(?!\w)")
# Where lines are cut at a width, a sentence goes on behind a line's end.
CUT_LINE = re.compile(r"[\w,;-][ \t\r]*\n[ \t]*[a-z]")
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


def tokens(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The spans of blank lines, and of the marks that may open or close a quotation, in order.

    Each mark is sought by itself: that is a search for one character, of which most texts have few, and ten
    times as fast as one pattern for them all.
    """
    found = [match.span() for match in _BLANK_LINE.finditer(text, start, end)]
    for mark in _MARKS:
        place = text.find(mark, start, end)
        while place >= 0:
            found.append((place, place + 1))
            place = text.find(mark, place + 1, end)
    if text.find("'", start, end) >= 0:
        found += [match.span() for match in _OPENING_SINGLE.finditer(text, start, end)]
    found.sort()
    return found


def quotations(text: str, marks: Sequence[int], start: int, end: int, *, goes_on: bool) -> list[Quotation]:
    """The quotations of one paragraph, in order and nested, from the positions of its marks.

    A mark that is never closed opens nothing, unless the quotation ``goes_on``: the next paragraph
    begins with a mark again, or the text breaks off.
    """
    found: list[Quotation] = []
    if "".join([text[mark] for mark in marks]) == "“”" * (len(marks) // 2):
        # Most paragraphs: one quotation after the other, each closed.
        for opened, closing in zip(marks[::2], marks[1::2], strict=True):
            _add(text, found, opened, closing, closing + 1, 0)
        return found
    stack: list[_Open] = []
    singles = _Singles(text, end)
    previous = start
    for mark in marks:
        if stack:
            _end_singles(text, stack, found, mark)
        character = text[mark]
        level = _level(text, stack, mark, start)
        if level is not None:
            del stack[level + 1 :]
            _add(text, found, stack.pop().opened, mark, mark + 1, len(stack))
        elif _opens(text, mark, start, end):
            if character == '"' or (stack and _line_is_over(text, stack, previous, mark)):
                # A straight mark opens where one is open already: that one was stray.
                _forget(stack, '"' if character == '"' else "")
            if len(stack) < _DEPTH:
                close = singles.close(mark)
                if character in _CLOSE or close >= 0:
                    stack.append(_Open(_CLOSE.get(character, ""), mark, close))
        previous = mark
    _end_singles(text, stack, found, end)
    if goes_on and stack and stack[-1].end < 0:
        last = stack[-1].opened
        if not any(quotation.opened > last and quotation.depth == 0 for quotation in found):
            _add(text, found, last, end, end, len(stack) - 1, continues=True)
    found.sort(key=lambda quotation: (quotation.opened, -quotation.closed))
    return found


def _level(text: str, stack: list[_Open], mark: int, start: int) -> int | None:
    """The innermost open quotation that a mark closes, or None where it closes none."""
    for level in range(len(stack) - 1, -1, -1):
        if text[mark] in stack[level].closing:
            before_word = text[mark + 1 : mark + 2].isalnum()
            after_space = mark == start or text[mark - 1].isspace()
            return None if text[mark] == '"' and before_word and after_space else level
    return None


def _forget(stack: list[_Open], closing: str) -> None:
    """Drop what is open from the outermost entry with this closing mark on, or all of it."""
    for level, entry in enumerate(stack):
        if not closing or entry.closing == closing:
            del stack[level:]
            return


def _line_is_over(text: str, stack: list[_Open], previous: int, mark: int) -> bool:
    """Whether a line that is a paragraph of its own ended before a mark, with a quotation unclosed."""
    between = text.find("\n", previous, mark)
    return between >= 0 and stack[-1].end < 0 and not CUT_LINE.search(text, previous, mark)


class _Singles:
    """Where single quotations close; what was not found once is not looked for again."""

    def __init__(self, text: str, end: int) -> None:
        self.text, self.end = text, end
        self.straight_left = True

    def close(self, mark: int) -> int:
        """The position of the mark that closes ``‘`` or ``'``, or -1, also for every other mark."""
        if self.text[mark] == "‘":
            following = self.text.find("‘", mark + 1, self.end)
            return self._curly(mark, self.end if following < 0 else following)
        if self.text[mark] == "'" and self.straight_left:
            match = _STRAIGHT_CLOSE.search(self.text, mark + 1, self.end)
            self.straight_left = match is not None
            return match.start() if match else -1
        return -1

    def _curly(self, mark: int, limit: int) -> int:
        """An apostrophe at the end of a word looks the same: where a word follows, punctuation decides."""
        first = _CLOSE_OR_APOSTROPHE.search(self.text, mark + 1, limit)
        if first is None:
            return -1
        if (
            self.text[first.start() - 1].isalpha()
            and self.text[first.end() : first.end() + 2].strip().islower()
        ):
            spoken = _CLOSE_AFTER_SPEECH.search(self.text, first.end(), limit)
            return spoken.start() if spoken else first.start()
        return first.start()


def _add(
    text: str,
    found: list[Quotation],
    opened: int,
    last: int,
    closed: int,
    depth: int,
    *,
    continues: bool = False,
) -> None:
    if text[last - 1] == text[opened - 1] == "\\":
        # Escaped marks, as in JSON.
        start, end = strip(text, opened + 1, max(opened + 1, last - 1))
        opened -= 1
    else:
        start, end = strip(text, opened + 1, last)
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
    if text[mark] in _ONLY_OPEN:
        return True
    before = text[mark - 1] if mark > start else " "
    after = text[mark + 1] if mark + 1 < end else " "
    return not after.isspace() and not before.isalnum() and after not in ".,;:!?)]"
