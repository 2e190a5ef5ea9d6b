"""Block quotes: lines behind ``>``, as in mail, forums and Markdown, one mark for every voice in between."""

from __future__ import annotations

import re
from typing import NamedTuple

_MARKED = re.compile(r"\n[ \t]{0,3}>")
_PREFIX = re.compile(r"[ \t]{0,3}((?:>[ \t]?)+)")
# As in `quotations`: a deeper pile of marks is no pile of voices.
_DEPTH = 6


class Run(NamedTuple):
    """Neighbouring lines of one depth: where the first one's words begin and the last one ends."""

    start: int
    end: int
    depth: int


def has_block_quotes(text: str) -> bool:
    """Whether any line begins with ``>``."""
    return ">" in text and (_PREFIX.match(text) is not None or _MARKED.search(text) is not None)


def runs(text: str, start: int, end: int) -> list[Run]:
    """The lines of a paragraph as runs of one depth, in order; a line without a mark has depth 0."""
    found: list[Run] = []
    position = start
    while position < end:
        line_end = text.find("\n", position, end)
        line_end = end if line_end < 0 else line_end
        match = _PREFIX.match(text, position, line_end)
        depth = min(match[1].count(">"), _DEPTH) if match else 0
        if found and found[-1].depth == depth:
            found[-1] = found[-1]._replace(end=line_end)
        else:
            found.append(Run(match.end() if match else position, line_end, depth))
        position = line_end + 1
    return found


def quoted_spans(found: list[Run]) -> list[tuple[int, int]]:
    """Spans of quoted voices, one for every depth that is entered, the outer before the inner."""
    spans: list[tuple[int, int]] = []
    entered: list[int] = []
    for run in found:
        while len(entered) > run.depth:
            entered.pop()
        for index in entered:
            spans[index] = (spans[index][0], run.end)
        while len(entered) < run.depth:
            entered.append(len(spans))
            spans.append((run.start, run.end))
    return [(start, end) for start, end in spans if start < end]
