"""The words of many strings at once, with fastText's hashes of them: arrays, no object for a word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, UInt8, UInt32, UInt64
from numpy import ndarray

FNV_OFFSET, FNV_PRIME = 2166136261, 16777619
LONG = 512
"""Bytes from which on a word is hashed by itself: what few words have in common is not worth an array."""
_POLYNOMIAL = 0x9E3779B97F4A7C15 | 1

_SEPARATOR = np.zeros(256, dtype=bool)
# What fastText separates words by; no other white space, and no punctuation.
_SEPARATOR[[0, *b" \n\r\t\v\f"]] = True


@dataclass(frozen=True, slots=True, eq=False)
class FastTextWords:
    """Words of strings in order: string ``k`` has the words ``first[k]:first[k + 1]``.

    ``hash`` is FNV-1a of a word's bytes as fastText computes it, ``check`` a second, independent hash.
    """

    first: Int[ndarray, " strings+1"]
    hash: UInt32[ndarray, " words"]
    check: UInt64[ndarray, " words"]


def fasttext_words(strings: Sequence[str]) -> FastTextWords:
    """The words of strings, cut as fastText cuts a line; a line's end within a string is white space."""
    data, starts_of_strings = joined_bytes(strings)
    inside = (~_SEPARATOR.take(data)).view(np.int8)
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    # The first byte and the last are separators, so that edges come in pairs.
    start, end = edges[::2] + 1, edges[1::2] + 1
    first = np.searchsorted(start, starts_of_strings)
    return FastTextWords(first, _fnv(data, start, end), _checks(data, start, end))


def word_hashes(words: Sequence[bytes]) -> tuple[UInt32[ndarray, " words"], UInt64[ndarray, " words"]]:
    """The two hashes of single words: those that `FastTextWords` has of them. No word may be empty."""
    data = np.frombuffer(b"\n" + b"".join(words) + b"\n", np.uint8)
    edges = np.cumsum([1, *map(len, words)])
    return _fnv(data, edges[:-1], edges[1:]), _checks(data, edges[:-1], edges[1:])


def joined_bytes(strings: Sequence[str]) -> tuple[UInt8[ndarray, " bytes"], Int[ndarray, " strings+1"]]:
    """The UTF-8 of strings, a line's end before, between and after them, and the byte where each begins.

    The last number is where one more would begin.
    """
    text = "\n" + "\n".join(strings) + "\n"
    encoded = text.encode("utf-8", "surrogatepass")
    data = np.frombuffer(encoded, np.uint8)
    starts = np.cumsum([1, *(len(string) + 1 for string in strings)])
    if len(encoded) != len(text):
        # Code points begin at the bytes that are no continuation.
        places = np.flatnonzero((data & 0xC0) != 0x80)
        starts = np.append(places, len(data))[np.minimum(starts, len(places))]
    return data, starts


def _fnv(
    data: UInt8[ndarray, " bytes"], start: Int[ndarray, " words"], end: Int[ndarray, " words"]
) -> UInt32[ndarray, " words"]:
    """FNV-1a, all words at once, byte by byte; longest first, so that those not at their end lie together."""
    length = np.minimum(end - start, LONG).astype(np.int16)
    order = np.argsort(-length, kind="stable")
    place = start[order]
    more = np.cumsum(np.bincount(length, minlength=2)[::-1])[::-1]
    hashes = np.full(len(place), FNV_OFFSET, dtype=np.uint32)
    # fastText takes bytes for signed: those from 128 on change the upper bits too.
    signed = data.view(np.int8).astype(np.int32).view(np.uint32)
    prime = np.uint32(FNV_PRIME)
    for k in range(1, len(more)):
        n = int(more[k])
        part, at = hashes[:n], place[:n]
        part ^= signed.take(at)
        part *= prime
        at += 1
    for row in range(int(more[LONG]) if len(more) > LONG else 0):
        hashes[row] = _fnv_one(data[start[order[row]] : end[order[row]]].tobytes())
    out = np.empty_like(hashes)
    out[order] = hashes
    return out


def _fnv_one(word: bytes) -> int:
    value = FNV_OFFSET
    for byte in word:
        value ^= byte if byte < 128 else byte | 0xFFFFFF00
        value = value * FNV_PRIME & 0xFFFFFFFF
    return value


def _checks(
    data: UInt8[ndarray, " bytes"], start: Int[ndarray, " words"], end: Int[ndarray, " words"]
) -> UInt64[ndarray, " words"]:
    """A polynomial in 64 bits: differences of running sums, moved to where every word begins at power 0."""
    powers, inverse = _powers(len(data))
    sums = np.zeros(len(data) + 1, dtype=np.uint64)
    np.cumsum((data + np.uint64(1)) * powers[: len(data)], out=sums[1:])
    return np.asarray((sums[end] - sums[start]) * inverse[start])


_KNOWN: list[np.ndarray] = [np.ones(1, dtype=np.uint64), np.ones(1, dtype=np.uint64)]


def _powers(n: int) -> tuple[UInt64[ndarray, " n"], UInt64[ndarray, " n"]]:
    """Powers of an odd number modulo 2^64, and their inverses: at least ``n`` of each, kept for the next."""
    if len(_KNOWN[0]) < n:
        size = 1 << (n - 1).bit_length()
        for which, base in enumerate((_POLYNOMIAL, pow(_POLYNOMIAL, -1, 1 << 64))):
            _KNOWN[which] = np.cumprod(np.append(np.uint64(1), np.full(size - 1, base, dtype=np.uint64)))
    return _KNOWN[0], _KNOWN[1]
