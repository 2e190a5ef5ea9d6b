"""Which texts may be of another form than prose: those that only the patterns can tell, told by one pass."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Int, UInt8, UInt32, UInt64
from numpy import ndarray

from eudaimon.curate.voices.compiled.characters import SPACE, is_kind, skip_spaces
from eudaimon.curate.voices.compiled.lines import (
    LABEL,
    NO_LABEL,
    label_at,
    may_be_header,
    may_be_heading,
    may_be_role,
)
from eudaimon.curate.voices.compiled.marks import is_mark
from eudaimon.curate.voices.script import BLOCKS, LINES

PROSE, ASK, PATTERNS = 0, 1, 2
"""A text is prose; its form must be asked of the patterns; its lines must be read by them too."""
MOST = 100_000
"""A text with more quotation marks or lines is left to the patterns: room for them is 200 bytes each."""


def made_forms_of(stamp: str) -> Callable[..., int]:
    """`forms_of`, bound to a hash of all sources: numba itself sees whether this file has changed."""

    def forms_of(
        data: UInt32[ndarray, " points"],
        offsets: Int[ndarray, " documents+1"],
        kinds: UInt8[ndarray, " points"],
        words: UInt64[ndarray, "slots 2"],
        openings: Int[ndarray, "marks 2"],
        forms: Int[ndarray, " documents"],
    ) -> int:
        """Write `PROSE`, `ASK` or `PATTERNS` for each document; the most marks or lines that one may have."""
        _ = stamp
        most = 0
        for document in range(len(offsets) - 1):
            text = data[offsets[document] : offsets[document + 1]]
            forms[document], here = _form(text, kinds, words, openings)
            if here > MOST:
                forms[document] = PATTERNS
            else:
                most = max(most, here)
        return most

    return forms_of


def _form(text: ndarray, kinds: ndarray, words: ndarray, openings: ndarray) -> tuple[int, int]:
    n = len(text)
    n_marks = breaks = lines = labels = headings = 0
    blocks = 1
    ask = patterns = differ = paired = False
    blank_before = True
    name = np.uint64(0)
    start = 0
    while start < n:
        first, colon, end = -1, False, start
        while end < n:
            point = text[end]
            if point == 10:
                break
            if first < 0 and not is_kind(kinds, point, SPACE):
                first = end
            if point < 128:
                if point == 34 or point == 39:
                    n_marks += 1
                elif point == 58:
                    colon = True
                    ask = ask or _is_user(text, end)
                elif point == 60 or point == 91 or point == 35:
                    ask = ask or _opens_turn(text, end, openings)
            elif point == 0xFF1A:
                colon = True
            elif is_mark(point):
                n_marks += 1
            end += 1
        if end < n and end > 0 and text[end - 1] == 10 and not paired:
            blocks += 1
            paired = True
        else:
            paired = False
        if first >= 0:
            lines += 1
            if lines == 1 and (text[first] == 91 or text[first] == 123):
                ask = True
            if text[first] == 62 and first <= start + 3:
                patterns = True
            if not patterns and may_be_header(text, first, end):
                patterns = not _leads_to_speech(text, end, kinds)
            label, stop = label_at(text, first, end, colon, kinds, words)
            if label != NO_LABEL:
                labels += 1
                ask = ask or label != LABEL or may_be_role(text, first, end, kinds, words)
                here = _hash(text, first, stop)
                differ = differ or (labels > 1 and here != name)
                name = here
            if blank_before and may_be_heading(text, first, end, kinds, words):
                headings += 1
        blank_before = first < 0
        breaks += 1
        start = end + 1
    if labels > 1 and differ and ((labels >= 4 and labels >= LINES * lines) or labels >= lines - 1):
        ask = True
    if headings >= 4 and headings >= BLOCKS * blocks:
        ask = True
    return (PATTERNS if patterns else ASK if ask else PROSE), max(n_marks, breaks)


def _opens_turn(text: ndarray, at: int, openings: ndarray) -> bool:
    """Whether a template's mark that opens a turn may begin here; they begin with ``<``, ``[`` or ``#``."""
    if at + 1 < len(text):
        for k in range(len(openings)):
            if openings[k, 0] == text[at] and openings[k, 1] == text[at + 1]:
                return True
    return False


def _leads_to_speech(text: ndarray, end: int, kinds: ndarray) -> bool:
    """Whether a quotation mark or a dash comes next: then a line that announces speech is prose."""
    at = skip_spaces(text, end, min(end + 80, len(text)), kinds)
    if at == min(end + 80, len(text)):
        return False
    return text[at] in (34, 39, 0xAB, 0x2013, 0x2014, 0x2015, 0x2018, 0x201C, 0x201E)


def _is_user(text: ndarray, colon: int) -> bool:
    """Whether ``USER`` stands before a colon."""
    return (
        colon > 3
        and text[colon - 4] == 85
        and text[colon - 3] == 83
        and text[colon - 2] == 69
        and text[colon - 1] == 82
    )


def _hash(text: ndarray, start: int, end: int) -> np.uint64:
    key = np.uint64(14695981039346656037)
    for at in range(start, end):
        key = (key ^ np.uint64(text[at])) * np.uint64(1099511628211)
    return key
