"""fastText's predictions for many lines at once: the same words, n-grams and probabilities.

Follows ``Dictionary::getLine`` and ``Model::predict`` of fastText 0.9.2. Sums are of other numbers in another
order, so that probabilities agree to about six digits and not to the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int, UInt32, UInt64

from eudaimon.curate.stages.fasttext_file import FastTextModel

_FNV_START, _FNV_PRIME = np.uint32(2166136261), np.uint32(16777619)
_OTHER_START, _OTHER_PRIME = np.uint32(0x9747B28C), np.uint32(0x85EBCA6B)
_PAIR = np.uint64(116049371)
_BLANKS = np.isin(np.arange(256), list(b" \n\r\t\v\f\0"))
_LABEL = b"__label__"
_SLOT_SHARE = 4
# fastText's logarithm of a probability, from which it takes the exponential again.
_LITTLE = 1e-5


class FastTextPredictor:
    """A model that predicts the probabilities of all labels for each line."""

    def __init__(self, model: FastTextModel) -> None:
        self.model = model

    def probabilities(self, lines: Sequence[str]) -> Float[np.ndarray, "lines labels"]:
        """The probability of each label for each line, NaN where the model knows nothing of the line.

        A line has no newline within it, which is not checked. Raises `UnicodeEncodeError` for a lone
        surrogate.
        """
        if not lines:
            return np.zeros((0, len(self.model.labels)))
        data = np.frombuffer(("\n".join(lines) + "\n").encode("utf-8"), dtype=np.uint8)
        begin, length, owner = _tokens(data)
        fnv, other = _hashes(data, begin, length)
        number = self._numbers((fnv.astype(np.uint64) << np.uint64(32)) | other)
        spoken = _before_end(fnv, other, owner)
        spoken[self._labels(data, begin, length)] = False
        fnv, number, owner = fnv[spoken], number[spoken], owner[spoken]
        known = number >= 0
        total, n = self._sums(number[known], owner[known], len(lines))
        for rows, at in self._ngrams(fnv, owner):
            more, m = self._sums(rows, at, len(lines))
            total, n = total + more, n + m
        with np.errstate(invalid="ignore", divide="ignore"):
            p = self._loss(total / n[:, None])
        p[n == 0] = np.nan
        return p

    def _loss(self, logits: Float[np.ndarray, "lines labels"]) -> Float[np.ndarray, "lines labels"]:
        if self.model.loss == "softmax":
            odds = np.exp(logits - logits.max(1, keepdims=True))
            p = odds / odds.sum(1, keepdims=True)
        else:
            p = _sigmoid(logits)
        return np.asarray((p + np.float32(_LITTLE)).astype(np.float64))

    def _sums(
        self, rows: Int[np.ndarray, " found"], owner: Int[np.ndarray, " found"], lines: int
    ) -> tuple[Float[np.ndarray, "lines labels"], Float[np.ndarray, " lines"]]:
        from scipy.sparse import csr_array

        counts = np.bincount(owner, minlength=lines)
        ends = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        ones = np.ones(len(rows), dtype=np.float32)
        matrix = csr_array((ones, rows.astype(np.int32), ends), shape=(lines, len(self.model.weights)))
        return np.asarray(matrix @ self.model.weights), counts.astype(np.float32)

    def _ngrams(
        self, fnv: UInt32[np.ndarray, " words"], owner: Int[np.ndarray, " words"]
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """The rows of n-grams of two words and more, and the lines that they are in."""
        found = []
        # Hashes are signed there, and keep their sign when they become wider.
        signed = fnv.view(np.int32).astype(np.int64).view(np.uint64)
        hashed = signed
        for n in range(1, self.model.n_grams if self.model.buckets else 1):
            hashed = hashed[:-1] * _PAIR + signed[n:]
            inside = owner[:-n] == owner[n:]
            rows = (hashed[inside] % np.uint64(self.model.buckets)).astype(np.int64)
            found.append((rows + len(self.model.words), owner[:-n][inside]))
        return found

    @cached_property
    def _table(self) -> tuple[UInt64[np.ndarray, " slots"], Int[np.ndarray, " slots"], int]:
        """Keys and numbers of the known words, in a table of linear probing, and its longest probe."""
        joined = b"\n".join(self.model.words) + b"\n"
        data = np.frombuffer(joined, dtype=np.uint8)
        ends = np.flatnonzero(data == ord("\n"))
        begin = np.concatenate([[0], ends[:-1] + 1])
        fnv, other = _hashes(data, begin, ends - begin)
        keys = (fnv.astype(np.uint64) << np.uint64(32)) | other
        size = 1 << max(int(len(keys) * _SLOT_SHARE - 1).bit_length(), 4)
        table, numbers = np.zeros(size, dtype=np.uint64), np.full(size, -1, dtype=np.int32)
        waiting, probe = np.arange(len(keys)), 0
        while len(waiting):
            slots = (_slots(keys[waiting], size) + probe) % size
            free = numbers[slots] < 0
            # Of several that want one free slot the last to write has it.
            numbers[slots[free]] = waiting[free]
            placed = numbers[slots] == waiting
            table[slots[placed]] = keys[waiting[placed]]
            waiting, probe = waiting[~placed], probe + 1
        return table, numbers, probe

    def _numbers(self, keys: UInt64[np.ndarray, " words"]) -> Int[np.ndarray, " words"]:
        """The numbers of words in the dictionary, -1 for those that are not in it."""
        table, numbers, probes = self._table
        found = np.full(len(keys), -1, dtype=np.int64)
        waiting = np.arange(len(keys))
        for probe in range(probes):
            slots = (_slots(keys[waiting], len(table)) + probe) % len(table)
            at = numbers[slots]
            hit = (table[slots] == keys[waiting]) & (at >= 0)
            found[waiting[hit]] = at[hit]
            waiting = waiting[~hit & (at >= 0)]
        return found

    def _labels(self, data: np.ndarray, begin: np.ndarray, length: np.ndarray) -> Int[np.ndarray, " labels"]:
        """The numbers of tokens that are labels, which a text may hold too: they are no words."""
        maybe = np.flatnonzero((data[begin] == _LABEL[0]) & (length >= len(_LABEL)))
        return np.array(
            [k for k in maybe.tolist() if bytes(data[begin[k] : begin[k] + len(_LABEL)]) == _LABEL],
            dtype=np.int64,
        )


def _tokens(data: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where words begin, how long they are and in which line; a newline is a word of length 0 by itself."""
    blank = _BLANKS[data]
    newline = data == ord("\n")
    before = np.concatenate([[True], blank[:-1]])
    after = np.concatenate([blank[1:], [True]])
    starts = np.flatnonzero(~blank & before)
    ends = np.flatnonzero(~blank & after) + 1
    stops = np.flatnonzero(newline)
    begin = np.concatenate([starts, stops])
    length = np.concatenate([ends - starts, np.zeros(len(stops), dtype=np.int64)])
    order = np.argsort(begin, kind="stable")
    begin, length = begin[order], length[order]
    owner = np.cumsum(length == 0) - (length == 0)
    return begin, length, owner


def _before_end(fnv: np.ndarray, other: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """Which words are read: those up to the first ``</s>`` of a line, which a text may hold as well."""
    ends = (fnv == _of_end()[0]) & (other == _of_end()[1])
    before = np.cumsum(ends) - ends
    first = np.searchsorted(owner, np.arange(int(owner[-1]) + 1))
    return np.asarray(before == before[first][owner])


def _hashes(
    data: np.ndarray, begin: np.ndarray, length: np.ndarray
) -> tuple[UInt32[np.ndarray, " words"], UInt32[np.ndarray, " words"]]:
    """fastText's hash of each word, and another one; those of ``</s>`` for words of length 0."""
    order = np.argsort(-length, kind="stable")
    begin, sorted_length = begin[order], length[order]
    fnv = np.full(len(begin), _FNV_START, dtype=np.uint32)
    other = np.full(len(begin), _OTHER_START, dtype=np.uint32)
    left = len(begin)
    for place in range(int(sorted_length[0]) if len(begin) else 0):
        # How many words are longer than this.
        left = int(np.searchsorted(-sorted_length[:left], -place, side="left"))
        # Bytes are signed there.
        byte = data[begin[:left] + place].view(np.int8).astype(np.int32).view(np.uint32)
        fnv[:left] = (fnv[:left] ^ byte) * _FNV_PRIME
        other[:left] = (other[:left] ^ byte) * _OTHER_PRIME
    end = np.flatnonzero(sorted_length == 0)
    fnv[end], other[end] = _of_end()
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return fnv[back], other[back]


def _of_end() -> tuple[np.uint32, np.uint32]:
    fnv, other = int(_FNV_START), int(_OTHER_START)
    for byte in b"</s>":
        fnv = (fnv ^ byte) * int(_FNV_PRIME) & 0xFFFFFFFF
        other = (other ^ byte) * int(_OTHER_PRIME) & 0xFFFFFFFF
    return np.uint32(fnv), np.uint32(other)


def _slots(keys: UInt64[np.ndarray, " n"], size: int) -> Int[np.ndarray, " n"]:
    mixed = keys * np.uint64(0x9E3779B97F4A7C15)
    return (mixed >> np.uint64(64 - (size.bit_length() - 1))).astype(np.int64)


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    """fastText's sigmoid: a table of 512 steps over [-8, 8]."""
    step = np.floor((np.clip(logits, -8, 8) + 8) * 512 / 16) * 16 / 512 - 8
    inside = 1 / (1 + np.exp(-step))
    return np.asarray(np.where(logits < -8, 0.0, np.where(logits > 8, 1.0, inside)), dtype=np.float32)
