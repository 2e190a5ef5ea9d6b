"""A fastText classifier folded into one number for each n-gram and label: the same scores, sooner.

A supervised model averages the vectors of a line's words and n-grams and multiplies the mean by a matrix.
Multiplying first gives the same logits: each word and each bucket of n-grams then is a number for each label
instead of a vector of 100, and the model's size no longer matters. The numbers lie in a file that all
processes of a machine map and share.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from jaxtyping import Float, Int, UInt8, UInt64
from numpy import ndarray

from eudaimon.core.errors import UsageError
from eudaimon.core.files import atomic_path, sha256_file
from eudaimon.core.identity import HASH_LENGTH, short_hash
from eudaimon.curate.stages.fasttext_words import FastTextWords, fasttext_words, word_hashes

FORMAT = "eudaimon-fasttext-1"
LABEL = "__label__"
SumLogits: TypeAlias = Callable[..., tuple[ndarray, ndarray]]
_END = b"</s>"
_NEXT = np.uint64(116049371)
_FLOOR = 1e-5
"""What fastText adds to every probability before it takes a logarithm, and leaves there."""


@dataclass(frozen=True, slots=True, eq=False)
class FastTextTable:
    """A folded classifier. ``logits[k]`` is label ``k``'s share of each word, of each bucket, and then 0.

    Shares are those over and above the first label's.
    ``keys`` and ``ids`` are a table of the words by hash, of a size that is a power of two, -1 where empty.
    ``hash`` is the identity of the model's file: 16 hex digits.
    """

    labels: tuple[str, ...]
    word_ngrams: int
    bucket: int
    n_words: int
    hash: str
    logits: Float[ndarray, "labels rows"]
    keys: UInt64[ndarray, " slots"]
    ids: Int[ndarray, " slots"]

    def probabilities(self, strings: Sequence[str]) -> Float[ndarray, "strings labels"]:
        """Each label's score of each string, in [0, 1], in the order of ``labels``, as ``predict`` gives it.

        A line's end within a string counts as a space. Differs from fastText's own by rounding,
        about 1e-6, and where a string has fastText's own word ``</s>``, at which it stops reading.
        """
        if not strings:
            return np.zeros((0, len(self.labels)), dtype=np.float32)
        words = fasttext_words(strings)
        rows, pairs, starts = self._rows(words)
        counted = np.add.reduceat((rows < self.logits.shape[1] - 1).astype(np.int64), starts)
        for places, _ in pairs:
            counted += np.bincount(np.searchsorted(starts, places, "right") - 1, minlength=len(starts))
        total = np.zeros((len(self.labels), len(strings)))
        for label, share in enumerate(self.logits[1:], start=1):
            found = share.take(rows).astype(np.float64)
            for places, buckets in pairs:
                found[places] += share.take(buckets)
            total[label] = np.add.reduceat(found, starts)
        return _softmax(total, counted)

    def probabilities_of_bytes(
        self,
        sum_logits: SumLogits,
        data: UInt8[ndarray, " bytes"],
        low: Int[ndarray, " strings"],
        high: Int[ndarray, " strings"],
    ) -> Float[ndarray, "strings labels"]:
        """As `probabilities` of the strings in these ranges of bytes, white space at their ends left out.

        ``sum_logits`` is that of `eudaimon.curate.stages.fasttext_kernel`.
        """
        end_hash, end_check = word_hashes([_END])
        row = int(self._look_up(FastTextWords(np.array([0, 1]), end_hash, end_check))[0])
        total, counted = sum_logits(
            data, low, high, self.logits, self.keys, self.ids,
            self.word_ngrams, self.bucket, self.n_words, row, _widened(end_hash)[0],
        )  # fmt: skip
        return _softmax(total, counted)

    def _rows(
        self, words: FastTextWords
    ) -> tuple[Int[ndarray, " tokens"], list[tuple[ndarray, ndarray]], Int[ndarray, " strings"]]:
        """The row of each word (the last one if unknown), n-grams as places and rows, and where lines begin.

        Every line ends with fastText's own word for that.
        """
        n = len(words.hash)
        lines = len(words.first) - 1
        ends = words.first[1:] + np.arange(lines)
        starts = np.append(0, ends[:-1] + 1)
        ordinary = np.ones(n + lines, dtype=bool)
        ordinary[ends] = False
        known = self._look_up(words)
        rows = np.empty(n + lines, dtype=np.int64)
        hashes = np.empty(n + lines, dtype=np.uint64)
        end_hash, end_check = word_hashes([_END])
        end = self._look_up(FastTextWords(np.array([0, 1]), end_hash, end_check))
        rows[ordinary], rows[ends] = known, end
        # fastText widens the signed 32 bits of a hash.
        hashes[ordinary] = _widened(words.hash)
        hashes[ends] = _widened(end_hash)
        pairs = []
        chain, inside = hashes, ordinary
        for length in range(2, self.word_ngrams + 1):
            chain = chain[:-1] * _NEXT + hashes[length - 1 :]
            inside = inside[: len(chain)] if length == 2 else (inside[:-1] & ordinary[length - 2 : -1])
            places = np.flatnonzero(inside)
            buckets = (chain[places] % np.uint64(self.bucket)).astype(np.int64) + self.n_words
            pairs.append((places, buckets))
        return rows, pairs, starts

    def _look_up(self, words: FastTextWords) -> Int[ndarray, " words"]:
        """The row of each word; that after all words and buckets for an unknown one."""
        mask = len(self.keys) - 1
        slot = (words.hash & np.uint32(mask)).astype(np.int64)
        key, row = self.keys.take(slot), self.ids.take(slot).astype(np.int64)
        waiting = np.flatnonzero((key != words.check) & (row >= 0))
        while waiting.size:
            slot[waiting] = (slot[waiting] + 1) & mask
            at = slot[waiting]
            key[waiting], row[waiting] = self.keys[at], self.ids[at]
            waiting = waiting[(key[waiting] != words.check[waiting]) & (row[waiting] >= 0)]
        row[(row < 0) | (key != words.check)] = self.logits.shape[1] - 1
        return row


def open_fasttext(path: str | Path) -> FastTextTable | None:
    """The folded model of a fastText ``.bin``, mapped from the user's cache, where it is written once.

    None where the model is none that can be folded: with subwords, quantized, with another loss than softmax,
    with more labels than its vectors have numbers, or with numbers that overflow. Raises `UsageError` where
    there is no such file, or fastText cannot read it.
    """
    path = Path(path).resolve()
    if not path.is_file():
        raise UsageError(f"there is no fastText model {path}", right="a file .bin that fastText wrote")
    stat = path.stat()
    name = short_hash([FORMAT, str(path), stat.st_size, stat.st_mtime_ns])
    cached = _cache() / f"fasttext-{name}"
    if not (cached / "about.json").is_file():
        folded = fold(path)
        if folded is None:
            return None
        try:
            _save(folded, cached)
        except OSError:
            return folded
    return _open(cached)


def fold(path: Path) -> FastTextTable | None:
    """The folded model of a fastText ``.bin``, in memory; None as in `open_fasttext`."""
    import fasttext  # type: ignore[import-untyped, unused-ignore]

    try:
        model = fasttext.FastText._FastText(str(path))
    except ValueError as error:
        raise UsageError(f"fastText cannot read {path}: {error}", right="a supervised model .bin") from error
    arguments = model.f.getArgs()
    kind = (arguments.model.name, arguments.loss.name, arguments.maxn, model.is_quantized())
    if kind != ("supervised", "softmax", 0, False) or len(model.labels) > arguments.dim:
        return None
    words = [word.encode("utf-8", "surrogatepass") for word in model.get_words(on_unicode_error="replace")]
    matrix = np.asarray(model.get_output_matrix(), dtype=np.float32)
    matrix = matrix - matrix[0]
    logits = np.zeros(
        (len(matrix), len(words) + arguments.bucket * (arguments.wordNgrams > 1) + 1), np.float32
    )
    inputs = model.get_input_matrix()
    for start in range(0, logits.shape[1] - 1, 1 << 16):
        part = inputs[start : min(start + (1 << 16), logits.shape[1] - 1)]
        logits[:, start : start + len(part)] = matrix @ part.T
    if not np.isfinite(logits).all():
        return None
    keys, ids = _table(words)
    return FastTextTable(
        tuple(label.removeprefix(LABEL) for label in model.labels),
        arguments.wordNgrams,
        arguments.bucket,
        len(words),
        sha256_file(path)[:HASH_LENGTH],
        logits,
        keys,
        ids,
    )


def _softmax(total: ndarray, counted: ndarray) -> Float[ndarray, "strings labels"]:
    """Probabilities from sums of logits by label; those of the first label are 0."""
    mean = total / np.maximum(counted, 1)
    raised = np.exp(mean - mean.max(axis=0))
    return np.asarray(np.minimum((raised / raised.sum(axis=0)).T + _FLOOR, 1), dtype=np.float32)


def _widened(hashes: np.ndarray) -> UInt64[ndarray, " n"]:
    return np.asarray(hashes.view(np.int32).astype(np.int64).view(np.uint64))


def _table(words: Sequence[bytes]) -> tuple[UInt64[ndarray, " slots"], Int[ndarray, " slots"]]:
    """The words by hash, at most every second slot full; a word's slot, or the next that is free."""
    size = 1 << max(4, (2 * len(words) - 1).bit_length())
    keys, ids = np.zeros(size, dtype=np.uint64), np.full(size, -1, dtype=np.int32)
    hashes, checks = word_hashes(words)
    slot = (hashes & np.uint32(size - 1)).astype(np.int64)
    waiting = np.arange(len(words))
    while waiting.size:
        free = waiting[ids[slot[waiting]] < 0]
        # Of several words for one slot the first gets it.
        _, which = np.unique(slot[free], return_index=True)
        placed = free[which]
        ids[slot[placed]], keys[slot[placed]] = placed, checks[placed]
        waiting = waiting[ids[slot[waiting]] != waiting]
        slot[waiting] = (slot[waiting] + 1) & (size - 1)
    return keys, ids


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "eudaimon"


def _save(table: FastTextTable, folder: Path) -> None:
    for name in ("logits", "keys", "ids"):
        with atomic_path(folder / f"{name}.npy") as temporary, temporary.open("wb") as stream:
            np.save(stream, getattr(table, name), allow_pickle=False)
    about = {
        "labels": table.labels,
        "word_ngrams": table.word_ngrams,
        "bucket": table.bucket,
        "n_words": table.n_words,
        "hash": table.hash,
    }
    with atomic_path(folder / "about.json") as temporary:
        temporary.write_text(json.dumps(about), encoding="utf-8")


def _open(folder: Path) -> FastTextTable:
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    logits, keys, ids = (
        # A plain view: memmap's own class makes every operation slower.
        np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False).view(ndarray)
        for name in ("logits", "keys", "ids")
    )
    return FastTextTable(tuple(about.pop("labels")), **about, logits=logits, keys=keys, ids=ids)
