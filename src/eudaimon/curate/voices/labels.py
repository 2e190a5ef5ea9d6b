"""Labels: names at the beginning of a line that say who speaks on it, ``Human:``, ``HAMLET.``, ``<ada>``."""

from __future__ import annotations

import re
from typing import NamedTuple

CAPITAL = "A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĘĚĞĢĪİĶŁŃŇŌŐŒŘŚŞŠŤŪŮŰŹŻŽΑ-ΩА-Я"
"""Capital letters, as ranges of a character class: `re` has no class for them."""
_TIME = r"(?:[\[(]?\d[\d:./, -]{2,24}(?:[AaPp]\.?[Mm]\.?)?[\])]?[ \t]*(?:-[ \t]*)?)?"
_DIRECTION = r"(?:[ \t]?[(\[][^()\[\]\n]{1,60}[)\]])?"
_LABEL = re.compile(
    rf"\n[ \t]{{0,12}}{_TIME}(?:"
    r"<[@+]?(?P<nick>[^<>|\n]{1,30})>(?=[ \t])"
    # A look ahead for the colon spares most lines the many ways in which names could be read.
    rf"|(?:\#{{1,4}}[ ]|\*[ ]?\*[ ]?|__)?(?=[^\n:：]{{1,170}}[:：])"
    rf"(?P<name>[^\W_][\w.’'&#-]{{0,24}}(?:[ ][\w.’'&#-]{{1,24}}){{0,3}}){_DIRECTION}(?:\*\*|__)?"
    r"[ \t]?[:：](?:[ ]?\*[ ]?\*|__)?(?=\s|\Z)"
    rf"|(?P<capitals>[{CAPITAL}][{CAPITAL}’'-]+(?:[ ][{CAPITAL}’'-]+){{0,3}}){_DIRECTION}\.(?=[ \t—]\S)"
    r")[ \t]*"
)
_CAPITALS = re.compile(rf"\n[ \t]{{0,12}}{_TIME}[{CAPITAL}][{CAPITAL}’'-][^\n]*\.")
_HEADING = re.compile(
    rf"\n[ \t]*+(?P<name>[{CAPITAL}][\w.’'-]{{0,24}}(?:[ ][{CAPITAL}\d#][\w.’'-]{{0,24}}){{0,3}})"
    rf"(?<![.’'-]){_DIRECTION}[ \t]*+\r?(?=\n)"
)
_DIVISION = re.compile(
    r"(?:act|scene|chapter|book|part|canto|letter|volume|prologue|epilogue|introduction|preface|notes?|"
    r"contents|index|section|on|at|in|of|to|by|with|from|for|enter|exit|exeunt|[ivxlcdm]+)\b",
    re.IGNORECASE,
)


class Label(NamedTuple):
    """Where a label's line begins, where what is said begins, and the name."""

    start: int
    end: int
    name: str


def labels(text: str) -> list[Label]:
    """Every label before words on the same line, in order."""
    found = []
    # The first line has no line break before it: it gets one, and positions are moved back by it.
    joined = "\n" + text
    for start in _may_have_label(joined):
        match = _LABEL.match(joined, start)
        if match is None:
            continue
        name = match["nick"] or match["name"] or match["capitals"]
        if not (match["capitals"] and is_division(name)):
            found.append(Label(match.start(), match.end() - 1, name))
    return found


def _may_have_label(joined: str) -> list[int]:
    """Where lines begin that have a colon, an opened angle or capitals and a dot: others have no label."""
    starts = {match.start() for match in _CAPITALS.finditer(joined)}
    for mark in ":：<":
        place = joined.find(mark)
        while place >= 0:
            starts.add(joined.rfind("\n", 0, place))
            line_end = joined.find("\n", place)
            place = joined.find(mark, line_end) if line_end >= 0 else -1
    return sorted(starts)


def headings(text: str) -> list[Label]:
    """Every name that stands alone on a line after a blank one, in order; no divisions of a book."""
    found = []
    for match in _HEADING.finditer("\n" + text):
        start = match.start()
        before = text[max(0, start - 9) : max(0, start - 1)].rstrip(" \t\r")
        if (start == 0 or before.endswith("\n")) and not is_division(match["name"]):
            found.append(Label(start, match.end() - 1, match["name"]))
    return found


def is_division(name: str) -> bool:
    """Whether a line names a division of a book, such as "Act II" or a Roman numeral, and no speaker."""
    return _DIVISION.match(name) is not None
