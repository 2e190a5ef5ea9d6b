"""The voices of many documents, turn by turn: rows as `segment_rows` has them, of numbers only."""

from __future__ import annotations

from collections.abc import Callable

from jaxtyping import Int, UInt8, UInt32, UInt64
from numpy import ndarray

from eudaimon.curate.voices.compiled.cuts import next_line_end, next_sentence_end
from eudaimon.curate.voices.compiled.marks import next_paragraph
from eudaimon.curate.voices.compiled.paragraphs import (
    BLOCK,
    BLOCK_END,
    HERE,
    HERE_END,
    HERE_SAID,
    OUTER,
    SPAN,
    SPAN_END,
    SPEAKER,
    SPEAKER_END,
    UTTERANCE,
    read_paragraph,
)

MARKUP, NARRATOR, SOMEBODY = 0, 1, 2
"""What a turn is: markup that nobody says, the narrator's, or somebody else's."""
_FAR = 2**62


def made_voice_rows(stamp: str) -> Callable[..., int]:
    """`voice_rows`, bound to a hash of all sources: numba itself sees whether this file has changed."""

    def voice_rows(
        data: UInt32[ndarray, " points"],
        offsets: Int[ndarray, " documents+1"],
        first_turn: Int[ndarray, " documents+1"],
        turns: Int[ndarray, "turns 3"],
        longest: int,
        kinds: UInt8[ndarray, " points"],
        words: UInt64[ndarray, "slots 2"],
        s: Int[ndarray, " scratch"],
        work: Int[ndarray, "places columns"],
        rows: Int[ndarray, "room 6"],
        first: Int[ndarray, " documents+1"],
        left: Int[ndarray, " documents"],
    ) -> int:
        """Write the segments of documents to ``rows`` and how many there are, -1 where the room is too small.

        ``turns`` are start, end and what they are. A row is start, end, parent or -1, the number of the turn,
        and the span of the speaker's name, which is -1 or -2 where nobody is named. Document ``k`` has the
        rows ``first[k]:first[k + 1]``; one with dialogue after dashes is ``left`` to the patterns. ``s`` has
        `names.N_SCRATCH` places, ``work`` the columns and as many rows as `paragraphs` says.
        """
        _ = stamp
        n = 0
        first[0] = 0
        for document in range(len(offsets) - 1):
            text = data[offsets[document] : offsets[document + 1]]
            top = n
            for turn in range(first_turn[document], first_turn[document + 1]):
                start, end, what = turns[turn, 0], turns[turn, 1], turns[turn, 2]
                if what == MARKUP:
                    if n >= len(rows):
                        return -1
                    _set(rows, n, start, end, -1, turn, -1, -1)
                    n += 1
                    continue
                n_blocks, n_spans = _read_turn(text, start, end, kinds, words, s, work)
                if n_blocks < 0:
                    left[document] = 1
                    n = top
                    break
                if what == SOMEBODY and end - start <= longest:
                    work[0, BLOCK], work[0, BLOCK_END] = start, end
                    n_blocks = 1
                n = _cut(text, n_blocks, n_spans, longest, top, turn, kinds, words, work, rows, n)
                if n < 0:
                    return -1
            first[document + 1] = n
        return n

    return voice_rows


def _read_turn(
    text: ndarray, start: int, end: int, kinds: ndarray, words: ndarray, s: ndarray, work: ndarray
) -> tuple[int, int]:
    """Write the paragraphs and quotations of a turn; how many, -1 paragraphs where patterns must do it."""
    n_blocks = n_spans = n_speakers = 0
    if text[start] == 62:  # >
        return -1, 0
    before = begin = start
    going_on = -1
    while begin < end:
        stop, after, n_marks = next_paragraph(text, begin, end, kinds, work)
        if text[begin] in (0x2014, 0x2015, 0x2013):
            return -1, 0
        work[n_blocks, BLOCK], work[n_blocks, BLOCK_END] = begin, after
        n_blocks += 1
        if n_marks:
            goes_on = after >= end or _is_opening(text[after])
            n_spans, n_speakers, going_on = read_paragraph(
                text,
                begin,
                stop,
                n_marks,
                before,
                goes_on,
                going_on,
                n_spans,
                n_speakers,
                kinds,
                words,
                s,
                work,
            )
        else:
            going_on = -1
        before, begin = begin, after
    _sort(work, n_spans)
    return n_blocks, n_spans


def _cut(
    text: ndarray,
    n_blocks: int,
    n_spans: int,
    longest: int,
    top: int,
    turn: int,
    kinds: ndarray,
    words: ndarray,
    work: ndarray,
    rows: ndarray,
    n: int,
) -> int:
    """Add the rows of a turn: pieces of its paragraphs, cut outside of what they quote where that can be."""
    quoted = waiting = 0  # the next quotation that no piece has, and how many go on from the piece before
    index = covered = 0
    for block in range(n_blocks):
        start, end = work[block, BLOCK], work[block, BLOCK_END]
        if end - start <= longest:
            n, quoted, waiting = _add(start, end, quoted, waiting, n_spans, top, turn, work, rows, n)
            continue
        begin = outside = anywhere = start
        sentence = next_sentence_end(text, start, start, end, kinds, words)
        line = next_line_end(text, start, end, kinds, words)
        done = False
        while not done:
            one = sentence if sentence >= 0 else _FAR
            other = line if line >= 0 else _FAR
            cut = min(one, other)
            if one <= other and one < _FAR:
                sentence = next_sentence_end(text, sentence, start, end, kinds, words)
            elif other < _FAR:
                line = next_line_end(text, line, end, kinds, words)
            if cut == _FAR:
                cut, done = end, True
            if cut - begin > longest:
                for place in (outside, anywhere):
                    if begin < place and cut - begin > longest:
                        n, quoted, waiting = _add(
                            begin, place, quoted, waiting, n_spans, top, turn, work, rows, n
                        )
                        begin = place
            while index < n_spans and work[index, SPAN] < cut:
                covered = max(covered, work[index, SPAN_END])
                index += 1
            anywhere = cut
            if covered <= cut:
                outside = cut
        if begin < end:
            n, quoted, waiting = _add(begin, end, quoted, waiting, n_spans, top, turn, work, rows, n)
    return n


def _add(
    start: int,
    end: int,
    quoted: int,
    waiting: int,
    n_spans: int,
    top: int,
    turn: int,
    work: ndarray,
    rows: ndarray,
    n: int,
) -> tuple[int, int, int]:
    """Add a piece and the parts of quoted voices that lie in it: rows, next quotation, and how many go on."""
    n_here = 0
    for k in range(waiting):
        if work[k, HERE_END] > start:
            work[n_here, HERE], work[n_here, HERE_END] = start, work[k, HERE_END]
            work[n_here, HERE_SAID] = work[k, HERE_SAID]
            n_here += 1
    while quoted < n_spans and work[quoted, SPAN] < end:
        work[n_here, HERE], work[n_here, HERE_END] = work[quoted, SPAN], work[quoted, SPAN_END]
        work[n_here, HERE_SAID] = work[quoted, UTTERANCE]
        n_here += 1
        quoted += 1
    if n < 0 or n + n_here >= len(rows):
        return -1, quoted, 0
    _set(rows, n, start, end, -1, turn, -1, -1)
    work[0, OUTER] = n
    n += 1
    depth = 1
    for k in range(n_here):
        while rows[work[depth - 1, OUTER], 1] <= work[k, HERE]:
            depth -= 1
        parent = work[depth - 1, OUTER]
        work[depth, OUTER] = n
        depth += 1
        stop = min(work[k, HERE_END], end, rows[parent, 1])
        said = work[k, HERE_SAID]
        _set(rows, n, work[k, HERE], stop, parent - top, turn, work[said, SPEAKER], work[said, SPEAKER_END])
        n += 1
    waiting = 0
    for k in range(n_here):
        if work[k, HERE_END] > end:
            work[waiting, HERE], work[waiting, HERE_END] = work[k, HERE], work[k, HERE_END]
            work[waiting, HERE_SAID] = work[k, HERE_SAID]
            waiting += 1
    return n, quoted, waiting


def _set(
    rows: ndarray, n: int, start: int, end: int, parent: int, turn: int, name_start: int, name_end: int
) -> None:
    rows[n, 0], rows[n, 1], rows[n, 2] = start, end, parent
    rows[n, 3], rows[n, 4], rows[n, 5] = turn, name_start, name_end


def _is_opening(point: int) -> bool:
    return point in (0x201C, 0x201E, 0xAB, 0x2039, 0x300C, 0x300E, 34, 0x2018, 39, 0x201D, 0xBB)


def _sort(work: ndarray, n: int) -> None:
    """Order quotations by start, the longer first; they are almost in order."""
    for k in range(1, n):
        start, end, said = work[k, SPAN], work[k, SPAN_END], work[k, UTTERANCE]
        place = k
        while place > 0 and (
            work[place - 1, SPAN] > start
            or (work[place - 1, SPAN] == start and work[place - 1, SPAN_END] < end)
        ):
            for column in (SPAN, SPAN_END, UTTERANCE):
                work[place, column] = work[place - 1, column]
            place -= 1
        work[place, SPAN], work[place, SPAN_END], work[place, UTTERANCE] = start, end, said
