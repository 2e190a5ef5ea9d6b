"""The quotations of one paragraph from its marks, as `eudaimon.curate.voices.quotations` finds them.

They stand in columns of ``work``: the places of the marks in `MARK`; `START`, `END`, `OPENED`, `CLOSED`,
`DEPTH` and `CONTINUES` of each quotation; and of those that are open, by depth, the marks that close it
(`ONE` and `OTHER`, or 0), where it is `OPEN`, and where a single mark closes it, `CLOSE`, or -1.
"""

from __future__ import annotations

from numpy import ndarray

from eudaimon.curate.voices.compiled.characters import (
    ALPHA,
    LOWER,
    SPACE,
    TITLE,
    UPPER,
    WORD,
    is_kind,
    skip_spaces,
    skip_spaces_back,
)

MARK, START, END, OPENED, CLOSED, DEPTH, CONTINUES, ONE, OTHER, OPEN, CLOSE = range(11)
DEEPEST = 6


def quotations(
    text: ndarray, n_marks: int, start: int, end: int, goes_on: bool, kinds: ndarray, work: ndarray
) -> int:
    """Write the quotations of a paragraph, in order and nested, and how many there are."""
    n = _plain_quotations(text, n_marks, kinds, work)
    if n >= 0:
        return n
    n = depth = 0
    straight_left = True
    previous = start
    for k in range(n_marks):
        mark = work[k, MARK]
        if depth:
            depth, n = _end_singles(text, depth, work, n, mark, kinds)
        point = text[mark]
        level = _level(text, depth, mark, start, kinds, work)
        if level >= 0:
            depth = level
            n = _add(text, work, n, work[level, OPEN], mark, mark + 1, depth, False, kinds)
        elif _opens(text, mark, start, end, kinds):
            if point == 34 or (
                depth and work[depth - 1, CLOSE] < 0 and line_is_over(text, previous, mark, kinds)
            ):
                depth = _forget(work, depth, point == 34)
            if depth < DEEPEST:
                close = -1
                if point == 0x2018:
                    close = _curly_close(text, mark, end, kinds)
                elif point == 39 and straight_left:
                    close = _straight_close(text, mark, end, kinds)
                    straight_left = close >= 0
                one, other = _closing(point)
                if one or close >= 0:
                    work[depth, ONE], work[depth, OTHER] = one, other
                    work[depth, OPEN], work[depth, CLOSE] = mark, close
                    depth += 1
        previous = mark
    depth, n = _end_singles(text, depth, work, n, end, kinds)
    if goes_on and depth and work[depth - 1, CLOSE] < 0:
        last = work[depth - 1, OPEN]
        later = False
        for k in range(n):
            later = later or (work[k, OPENED] > last and work[k, DEPTH] == 0)
        if not later:
            n = _add(text, work, n, last, end, end, depth - 1, True, kinds)
    _sort(work, n)
    return n


def _plain_quotations(text: ndarray, n_marks: int, kinds: ndarray, work: ndarray) -> int:
    """Most paragraphs: one quotation after the other, each closed. -1 where it is not so."""
    if n_marks % 2:
        return -1
    for k in range(n_marks):
        if text[work[k, MARK]] != (0x201D if k % 2 else 0x201C):
            return -1
    n = 0
    for k in range(0, n_marks, 2):
        n = _add(text, work, n, work[k, MARK], work[k + 1, MARK], work[k + 1, MARK] + 1, 0, False, kinds)
    return n


def line_is_over(text: ndarray, start: int, end: int, kinds: ndarray) -> bool:
    """Whether a line ends in the span, and none of them where lines are cut at a width."""
    ended = False
    for at in range(start, end):
        if text[at] == 10:
            ended = True
            after = at + 1
            while after < end and text[after] in (32, 9):
                after += 1
            before = at
            while before > start and text[before - 1] in (32, 9, 13):
                before -= 1
            goes_on = after < end and 97 <= text[after] <= 122 and before > start
            if goes_on and (is_kind(kinds, text[before - 1], WORD) or text[before - 1] in (44, 59, 45)):
                return False
    return ended


def _closing(point: int) -> tuple[int, int]:
    """The marks that close a quotation which this one opened, 0 for none."""
    if point == 0x201C or point == 0x201F or point == 0x201D:
        return 0x201D, 0
    if point == 0x201E:
        return 0x201C, 0x201D
    if point == 0xAB:
        return 0xBB, 0
    if point == 0xBB:
        return 0xAB, 0
    if point == 0x2039:
        return 0x203A, 0
    if point == 0x203A:
        return 0x2039, 0
    if point == 0x300C:
        return 0x300D, 0
    if point == 0x300E:
        return 0x300F, 0
    return (34, 0) if point == 34 else (0, 0)


def _level(text: ndarray, depth: int, mark: int, start: int, kinds: ndarray, work: ndarray) -> int:
    """The innermost open quotation that a mark closes, or -1."""
    for level in range(depth - 1, -1, -1):
        if work[level, ONE] == text[mark] or work[level, OTHER] == text[mark]:
            opens = text[mark] == 34 and mark + 1 < len(text) and _is_alnum(text[mark + 1], kinds)
            return -1 if opens and (mark == start or is_kind(kinds, text[mark - 1], SPACE)) else level
    return -1


def _opens(text: ndarray, mark: int, start: int, end: int, kinds: ndarray) -> bool:
    if text[mark] in (0x201C, 0x201E, 0x201F, 0xAB, 0x2039, 0x300C, 0x300E, 0x2018, 39):
        return True
    if mark > start and _is_alnum(text[mark - 1], kinds):
        return False
    if mark + 1 >= end or is_kind(kinds, text[mark + 1], SPACE):
        return False
    return text[mark + 1] not in (46, 44, 59, 58, 33, 63, 41, 93)


def _forget(work: ndarray, depth: int, straight: bool) -> int:
    """Drop what is open from the outermost straight mark on, or all of it; the depth that is left."""
    for level in range(depth):
        if not straight or work[level, ONE] == 34:
            return level
    return depth


def _curly_close(text: ndarray, mark: int, end: int, kinds: ndarray) -> int:
    """Where ``‘`` closes, or -1; where a word follows, punctuation tells it from an apostrophe."""
    limit = mark + 1
    while limit < end and text[limit] != 0x2018:
        limit += 1
    first = _close(text, mark + 1, limit, 0x2019, 0, kinds)
    if first < 0 or not is_kind(kinds, text[first - 1], ALPHA):
        return first
    start, stop = first + 1, min(first + 3, len(text))
    start = skip_spaces(text, start, stop, kinds)
    stop = skip_spaces_back(text, start, stop, kinds)
    lower = False
    for at in range(start, stop):
        if is_kind(kinds, text[at], UPPER | TITLE):
            return first
        lower = lower or is_kind(kinds, text[at], LOWER)
    if lower:
        spoken = _close(text, first + 1, limit, 0x2019, 2, kinds)
        return spoken if spoken >= 0 else first
    return first


def _straight_close(text: ndarray, mark: int, end: int, kinds: ndarray) -> int:
    return _close(text, mark + 1, end, 39, 1, kinds)


def _close(text: ndarray, start: int, end: int, point: int, after: int, kinds: ndarray) -> int:
    """The first of a mark before no word, or -1; with ``after`` 1 or 2 only behind what ends speech."""
    for at in range(start, end):
        if text[at] == point and not (at + 1 < end and is_kind(kinds, text[at + 1], WORD)):
            before = text[at - 1]
            spoken = before in (46, 33, 63, 44, 59, 58, 0x2026, 0x2014, 45) or (
                after == 2 and before == 0x2013
            )
            if after == 0 or spoken:
                return at
    return -1


def _add(
    text: ndarray,
    work: ndarray,
    n: int,
    opened: int,
    last: int,
    closed: int,
    depth: int,
    continues: bool,
    kinds: ndarray,
) -> int:
    start, end = opened + 1, last
    # As in the reference, a mark at the very beginning has the last character of the text before it.
    if text[last - 1] == 92 and text[opened - 1] == 92:
        end = max(opened + 1, last - 1)
        opened -= 1
    start = skip_spaces(text, start, end, kinds)
    end = skip_spaces_back(text, start, end, kinds)
    if start < end:
        work[n, START], work[n, END], work[n, OPENED], work[n, CLOSED] = start, end, opened, closed
        work[n, DEPTH], work[n, CONTINUES] = depth, continues
        n += 1
    return n


def _end_singles(
    text: ndarray, depth: int, work: ndarray, n: int, place: int, kinds: ndarray
) -> tuple[int, int]:
    """Close what a single mark opened and ends before a place, drop what crosses its end: depth, number."""
    for level in range(depth):
        if 0 <= work[level, CLOSE] < place:
            close = work[level, CLOSE]
            return level, _add(text, work, n, work[level, OPEN], close, close + 1, level, False, kinds)
    return depth, n


def _is_alnum(point: int, kinds: ndarray) -> bool:
    return point != 95 and is_kind(kinds, point, WORD)


def _sort(work: ndarray, n: int) -> None:
    """By where they opened, the longer first; rows are almost in order."""
    for k in range(1, n):
        place = k
        while place > 0 and _is_before(work, place, place - 1):
            for column in range(START, CONTINUES + 1):
                one, other = work[place - 1, column], work[place, column]
                work[place - 1, column], work[place, column] = other, one
            place -= 1


def _is_before(work: ndarray, one: int, other: int) -> bool:
    if work[one, OPENED] != work[other, OPENED]:
        return work[one, OPENED] < work[other, OPENED]  # type: ignore[no-any-return]
    return work[one, CLOSED] > work[other, CLOSED]  # type: ignore[no-any-return]
