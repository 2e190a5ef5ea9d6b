"""The voices that a paragraph quotes and who speaks, as `eudaimon.curate.voices.prose` reads it."""

from __future__ import annotations

from numpy import ndarray

from eudaimon.curate.voices.compiled.characters import skip_spaces_back
from eudaimon.curate.voices.compiled.quotes import (
    CLOSE,
    CLOSED,
    CONTINUES,
    DEPTH,
    END,
    OPENED,
    START,
    line_is_over,
    quotations,
)
from eudaimon.curate.voices.compiled.speakers import NOT_TOLD, speaker_after, speaker_before

_AHEAD = 8
"""So many quotations after one are asked where the words after it end."""


NAME, NAME_END, OUTER, ORDER, SPAN, SPAN_END, UTTERANCE = range(CLOSE + 1, CLOSE + 8)
SPEAKER, SPEAKER_END, BLOCK, BLOCK_END = range(CLOSE + 8, CLOSE + 12)
HERE, HERE_END, HERE_SAID, N_COLUMNS = range(CLOSE + 12, CLOSE + 16)
"""Columns of ``work`` after those of `quotes`: the speakers of a paragraph's quotations; which are open, and
in which order speech stands in it; the quotations of a turn, with utterances, the speakers of these, and its
paragraphs; and what is quoted in a piece of it. ``work`` has as many rows as a document has marks, or lines,
and some for what is open.
"""


def read_paragraph(
    text: ndarray,
    start: int,
    end: int,
    n_marks: int,
    before: int,
    goes_on: bool,
    going_on: int,
    n_spans: int,
    n_speakers: int,
    kinds: ndarray,
    words: ndarray,
    s: ndarray,
    work: ndarray,
) -> tuple[int, int, int]:
    """Write what a paragraph quotes and who speaks: how many quotations and speakers, and who goes on, or -1.

    ``before`` is where the paragraph before begins, ``going_on`` the utterance that its end left open, or -1.
    """
    n = quotations(text, n_marks, start, end, goes_on, kinds, work)
    if not n:
        return n_spans, n_speakers, -1
    _find_speakers(text, start, end, n, kinds, words, s, work)
    if work[0, NAME] == -1 and going_on < 0 and work[0, OPENED] == start:
        if _leads(text, before, start, kinds):
            work[0, NAME], work[0, NAME_END] = speaker_before(text, before, start, kinds, words, s)
        _share(text, n, kinds, work)
    goes_on_here = -1
    for k in range(n):
        if k == 0 and going_on >= 0 and work[0, OPENED] <= start + 1:
            utterance = going_on
            if work[utterance, SPEAKER] < 0:
                work[utterance, SPEAKER], work[utterance, SPEAKER_END] = work[k, NAME], work[k, NAME_END]
        else:
            utterance = n_speakers
            work[utterance, SPEAKER], work[utterance, SPEAKER_END] = work[k, NAME], work[k, NAME_END]
            n_speakers += 1
        work[n_spans, SPAN], work[n_spans, SPAN_END] = work[k, START], work[k, END]
        work[n_spans, UTTERANCE] = utterance
        n_spans += 1
        if work[k, CONTINUES]:
            goes_on_here = utterance
    return n_spans, n_speakers, goes_on_here


def _find_speakers(
    text: ndarray, start: int, end: int, n: int, kinds: ndarray, words: ndarray, s: ndarray, work: ndarray
) -> None:
    """The speaker of each: told after it, or before it, or, in one paragraph, with its neighbour."""
    depth = 0
    before = start
    for k in range(n):
        while depth and work[work[depth - 1, OUTER], CLOSED] <= work[k, OPENED]:
            depth -= 1
            before = work[work[depth, OUTER], CLOSED]
        begin = before
        if depth:
            begin = max(before, work[work[depth - 1, OUTER], START])
        name = NOT_TOLD
        if not work[k, CONTINUES]:
            limit = end
            for later in range(k + 1, min(n, k + _AHEAD)):
                if work[later, OPENED] >= work[k, CLOSED]:
                    limit = work[later, OPENED]
                    break
            if depth:
                limit = min(limit, work[work[depth - 1, OUTER], END])
            name = speaker_after(text, work[k, CLOSED], limit, kinds, words, s)
        if name == NOT_TOLD:
            name = speaker_before(text, begin, work[k, OPENED], kinds, words, s)
        work[k, NAME], work[k, NAME_END] = name
        work[depth, OUTER] = k
        depth += 1
    _share(text, n, kinds, work)


def _share(text: ndarray, n: int, kinds: ndarray, work: ndarray) -> None:
    """Give speech without a speaker that of its neighbour in the paragraph, the one before it first."""
    if n < 2:
        return
    spoken = 0
    for k in range(n):
        if work[k, DEPTH] == 0 and (work[k, CONTINUES] or _is_spoken(text[work[k, END] - 1])):
            work[spoken, ORDER] = k
            spoken += 1
    for place in range(1, spoken):
        _take(text, work[place - 1, ORDER], work[place, ORDER], kinds, work)
    for place in range(spoken - 1, 0, -1):
        _take(text, work[place, ORDER], work[place - 1, ORDER], kinds, work)


def _take(text: ndarray, neighbour: int, k: int, kinds: ndarray, work: ndarray) -> None:
    """Give one quotation the speaker of its neighbour, if it has none and no line between them is over."""
    if work[k, NAME] == -1 and work[neighbour, NAME] != -1:
        low = min(work[neighbour, END], work[k, END])
        high = max(work[neighbour, START], work[k, START])
        if not line_is_over(text, low, high, kinds):
            work[k, NAME], work[k, NAME_END] = work[neighbour, NAME], work[neighbour, NAME_END]


def _leads(text: ndarray, before: int, start: int, kinds: ndarray) -> bool:
    """Whether the paragraph before ends as one that announces speech does."""
    if before >= start:
        return False
    low = max(before, start - 8)
    stop = skip_spaces_back(text, low, start, kinds)
    return stop > low and (text[stop - 1] == 58 or text[stop - 1] == 44)


def _is_spoken(point: int) -> bool:
    return point in (46, 33, 63, 44, 59, 58, 0x2026, 0x2014, 0x2013, 45)
