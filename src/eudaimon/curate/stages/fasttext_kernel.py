"""Paragraphs and their sums of fastText logits by loops over bytes, which numba compiles.

The same as `paragraph_spans` and `FastTextTable` find with numpy, three times as fast. Without numba
`kernels` is None, and numpy does it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float, Int, UInt8, UInt64
from numpy import ndarray

from eudaimon.curate.stages.compiled import Number, ones

log = logging.getLogger(__name__)

_1, _3 = np.uint64(1), np.uint64(3)
_SPACES, _HIGHS = np.uint64(0x2020202020202020), np.uint64(0x8080808080808080)

Cut: TypeAlias = tuple[ndarray, ndarray, ndarray, ndarray, ndarray, ndarray]


class Kernels(NamedTuple):
    """`cut_paragraphs` and `sum_logits`, compiled."""

    cut_paragraphs: Callable[..., Cut]
    sum_logits: Callable[..., tuple[ndarray, ndarray]]


@cache
def kernels() -> Kernels | None:
    """The compiled functions, None without numba; what is compiled once stays in numba's cache on disk."""
    try:
        import numba  # type: ignore[import-untyped, import-not-found, unused-ignore]
        from numba.extending import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
            register_jitable,
        )
    except ImportError:
        return None

    def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
        try:
            return numba.njit(cache=True, error_model="numpy")(function)  # type: ignore[no-any-return, unused-ignore]
        except RuntimeError as error:  # no folder that a cache could be in
            log.info("numba compiles for this process only: %s", error)
            return numba.njit(error_model="numpy")(function)  # type: ignore[no-any-return, unused-ignore]

    for helper in (_blank, _plain, ones):
        register_jitable(helper)
    return Kernels(compiled(cut_paragraphs), compiled(sum_logits))


def cut_paragraphs(
    data: UInt8[ndarray, " bytes"], eights: UInt64[ndarray, " places"], lengths: Int[ndarray, " texts"]
) -> Cut:
    """The lines with words of texts whose UTF-8 lies one behind the other; ``lengths`` are in code points.

    ``eights`` are the eight bytes from every place on that has so many.
    Text ``k`` begins at byte ``begins[k]`` and has the paragraphs ``first[k]:first[k + 1]``, each with the
    empty lines after it: from ``start`` to ``end`` in code points of the text, from ``low`` to ``high`` in
    bytes of ``data``. The result is ``first, start, end, low, high, begins``, all int64.
    """
    n = len(data)
    most = len(lengths) + 1
    for k in range(n):
        byte = data[k]
        # Line ends are these bytes, or two and three bytes that begin with C2 and E2.
        if (10 <= byte <= 13) or (28 <= byte <= 30) or byte == 0xC2 or byte == 0xE2:
            most += 1
    first = np.zeros(len(lengths) + 1, dtype=np.int64)
    begins = np.zeros(len(lengths) + 1, dtype=np.int64)
    start, end = np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64)
    low, high = np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64)
    count = at = 0
    for text in range(len(lengths)):
        point = 0
        if lengths[text]:
            start[count], low[count] = 0, at
            count += 1
        line_point, line_at, pending = 0, at, False
        while point < lengths[text]:
            if not pending:
                # Within a line nothing counts but its end. Eight characters left are eight bytes at least.
                step = 8
                while step == 8 and point + 8 <= lengths[text]:
                    step = _plain(eights[at])
                    at += step
                    point += step
                if point == lengths[text]:
                    break
            byte = data[at]
            if 32 < byte < 0xC2:
                # A call for each of these characters would take most of the time.
                width, blank, ends = 1, False, False
            else:
                width, blank, ends = _blank(data, at)
            if pending and not blank:
                # The first word on a line that is not the first: a paragraph begins where the line does.
                end[count - 1], high[count - 1] = line_point, line_at
                start[count], low[count] = line_point, line_at
                count += 1
                pending = False
            at += width
            point += 1
            if ends:
                line_point, line_at, pending = point, at, True
        if lengths[text]:
            end[count - 1], high[count - 1] = point, at
        first[text + 1], begins[text + 1] = count, at
    return first, start[:count], end[:count], low[:count], high[:count], begins


def sum_logits(
    data: UInt8[ndarray, " bytes"],
    low: Int[ndarray, " strings"],
    high: Int[ndarray, " strings"],
    logits: Float[ndarray, "labels rows"],
    keys: UInt64[ndarray, " slots"],
    ids: Int[ndarray, " slots"],
    word_ngrams: int,
    bucket: int,
    n_words: int,
    end_row: int,
    end_hash: int,
) -> tuple[Float[ndarray, "labels strings"], Int[ndarray, " strings"]]:
    """The sums of logits of the words and n-grams of strings, and how many of these there are in each.

    String ``k`` is ``data[low[k]:high[k]]``, whose white space at the ends does not count. The other
    arguments are those of a `FastTextTable`; ``end_row`` and ``end_hash`` are of fastText's word for a
    line's end, the hash widened to 64 bits.
    """
    labels, unknown = logits.shape[0], logits.shape[1] - 1
    total = np.zeros((labels, len(low)))
    counted = np.zeros(len(low), dtype=np.int64)
    longest = 0
    for row in range(len(low)):
        longest = max(longest, high[row] - low[row])
    places = np.empty((longest + 2) * max(word_ngrams, 1), dtype=np.int64)
    # The hash of the last words together: of one, of two ...
    chains = np.zeros(max(word_ngrams, 1) + 1, dtype=np.uint64)
    mask, divisor = np.uint64(len(keys) - 1), np.uint64(max(bucket, 1))
    for row in range(len(low)):
        at, stop = low[row], high[row]
        while at < stop:
            width, blank, _ = _blank(data, at)
            if not blank:
                break
            at += width
        while stop > at:
            before = stop - 1
            while before > at and (data[before] & 0xC0) == 0x80:
                before -= 1
            _, blank, _ = _blank(data, before)
            if not blank:
                break
            stop = before
        n_words_seen, n_places, ended = 0, 0, False
        while not ended:
            while at < stop and (data[at] == 32 or data[at] == 0 or 9 <= data[at] <= 13):
                at += 1
            if at < stop:
                short, check, power = np.uint32(2166136261), np.uint64(0), np.uint64(1)
                while at < stop:
                    byte = data[at]
                    if byte == 32 or byte == 0 or 9 <= byte <= 13:
                        break
                    # fastText takes bytes for signed.
                    short = np.uint32((short ^ np.uint32(np.int8(byte))) * np.uint32(16777619))
                    check += (np.uint64(byte) + np.uint64(1)) * power
                    power *= np.uint64(0x9E3779B97F4A7C15)
                    at += 1
                slot = np.uint64(short) & mask
                while ids[slot] >= 0 and keys[slot] != check:
                    slot = (slot + np.uint64(1)) & mask
                place = np.int64(ids[slot])
                hash = np.uint64(np.int64(np.int32(short)))
            else:
                ended, place, hash = True, np.int64(end_row), np.uint64(end_hash)
            if 0 <= place < unknown:  # ids are -1 where there is no word
                places[n_places] = place
                n_places += 1
            for length in range(min(n_words_seen + 1, word_ngrams), 1, -1):
                chains[length] = chains[length - 1] * np.uint64(116049371) + hash
                places[n_places] = np.int64(chains[length] % divisor) + n_words
                n_places += 1
            chains[1] = hash
            n_words_seen += 1
        counted[row] = n_places
        # By themselves, so that the processor fetches many of these far places at once.
        for label in range(1, labels):
            found = 0.0
            for k in range(n_places):
                found += logits[label, places[k]]
            total[label, row] = found
    return total, counted


def _plain(eight: Number) -> Number:
    """How many of eight bytes come before the first that is no ASCII, or below the space."""
    odd = (((eight - _SPACES) & ~eight) | eight) & _HIGHS
    # Below the lowest bit that is set there are seven, and eight more for every byte before its own.
    return np.int64(ones((odd & (~odd + _1)) - _1) >> _3) if odd else 8


def _blank(data: UInt8[ndarray, " bytes"], at: int) -> tuple[int, bool, bool]:
    """How many bytes the character there has, whether it is white space, and whether it ends a line.

    As `str.isspace` and `str.splitlines` have it; of ``\\r\\n`` the second ends the line.
    """
    byte = data[at]
    if byte < 0x80:
        ends = (10 <= byte <= 13) or (28 <= byte <= 30)
        if byte == 13 and at + 1 < len(data) and data[at + 1] == 10:
            ends = False
        return 1, ends or byte == 32 or byte == 9 or byte == 13 or byte == 31, ends
    if byte < 0xE0:
        if byte == 0xC2:
            return 2, data[at + 1] == 0x85 or data[at + 1] == 0xA0, data[at + 1] == 0x85
        return 2, False, False
    if byte >= 0xF0:
        return 4, False, False
    if byte == 0xE2:
        second, third = data[at + 1], data[at + 2]
        ends = second == 0x80 and (third == 0xA8 or third == 0xA9)
        space = (second == 0x80 and (third <= 0x8A or third == 0xAF)) or (second == 0x81 and third == 0x9F)
        return 3, ends or space, ends
    space = (byte == 0xE1 and data[at + 1] == 0x9A and data[at + 2] == 0x80) or (
        byte == 0xE3 and data[at + 1] == 0x80 and data[at + 2] == 0x80
    )
    return 3, space, False
