"""fastText's ``.bin``: what of a supervised model is needed to predict, read without loading the rest.

The format is that of fastText 0.9 (version 12 of the file), as its ``FastText::saveModel`` writes it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
from jaxtyping import Float

from eudaimon.core.errors import UsageError
from eudaimon.core.files import sha256_file
from eudaimon.core.identity import HASH_LENGTH

_MAGIC, _VERSION = 793712314, 12
_SUPERVISED = 3
_LOSSES: dict[int, Literal["softmax", "one-vs-all"]] = {3: "softmax", 4: "one-vs-all"}
_ROWS_AT_ONCE = 1 << 16


class NeedsFastText(UsageError):
    """A sound model whose predictions have no shorter way than fastText's own."""


@dataclass(frozen=True, eq=False)
class FastTextModel:
    """A supervised model in which every word and n-gram has its weight for every label.

    fastText averages the vectors of a line's words and n-grams and multiplies by the labels' vectors. Both
    are linear, so that the products, ``weights``, can be had beforehand: a number a label, not a vector.
    The rows are those of the known words, and then of ``buckets`` n-grams.
    """

    labels: tuple[str, ...]
    words: tuple[bytes, ...]
    weights: Float[np.ndarray, "rows labels"]
    buckets: int
    n_grams: int
    loss: Literal["softmax", "one-vs-all"]
    hash: str


def read_fasttext(path: str | Path) -> FastTextModel:
    """The model in a ``.bin`` file; memory holds its weights for labels, not its vectors.

    Raises `NeedsFastText` for quantised models, those with letter n-grams, with a hierarchical softmax, or
    with more labels than dimensions, and `UsageError` for anything else.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            return _read(path, stream)
    except (OSError, struct.error, EOFError, ValueError) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"{path} cannot be read: {error}", right="a model that fastText saved") from error


def _read(path: Path, stream: BinaryIO) -> FastTextModel:
    if _numbers(stream, "ii") != (_MAGIC, _VERSION):
        raise UsageError(f"{path} is no model of fastText", right=f"a .bin of file version {_VERSION}")
    settings = _numbers(stream, "12id")
    dim, n_grams, loss, kind, buckets, longest = (int(settings[k]) for k in (0, 5, 6, 7, 8, 10))
    size, n_words, n_labels, _, pruned = (int(n) for n in _numbers(stream, "iiiqq"))
    entries = _entries(stream, size)
    quantised = pruned > 0 or _numbers(stream, "?")[0]
    if kind != _SUPERVISED:
        raise UsageError(f"{path} predicts no labels", right="a supervised model")
    if quantised or longest > 0 or loss not in _LOSSES or n_labels > dim:
        raise NeedsFastText(
            f"{path} is quantised, has letter n-grams, a tree of labels, or more labels than dimensions",
            right="a supervised .bin with -minn 0 -maxn 0 and -loss softmax or ova",
        )
    vectors = _matrix(path, stream)
    if _numbers(stream, "?")[0]:
        raise NeedsFastText(f"{path} has quantised labels", right="a .bin, not a .ftz")
    of_labels = np.array(_matrix(path, stream))
    weights = np.empty((len(vectors), n_labels), dtype=np.float32)
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        weights[part] = vectors[part] @ of_labels.T
    names = [entry.decode("utf-8", "replace").removeprefix("__label__") for entry in entries[n_words:]]
    return FastTextModel(
        tuple(names),
        tuple(entries[:n_words]),
        weights,
        buckets,
        n_grams,
        _LOSSES[loss],
        sha256_file(path)[:HASH_LENGTH],
    )


def _numbers(stream: BinaryIO, form: str) -> tuple[int | float | bool, ...]:
    form = "<" + form
    return struct.unpack(form, stream.read(struct.calcsize(form)))


def _entries(stream: BinaryIO, size: int) -> list[bytes]:
    """The dictionary's strings: words, and then labels."""
    found: list[bytes] = []
    rest = b""
    while len(found) < size:
        end = rest.find(b"\0")
        while end < 0 or len(rest) < end + 10:
            more = stream.read(1 << 16)
            if not more:
                raise EOFError("it ends within the dictionary")
            rest += more
            end = rest.find(b"\0")
        found.append(rest[:end])
        rest = rest[end + 10 :]  # an 8-byte count and a type
    stream.seek(-len(rest), 1)
    return found


def _matrix(path: Path, stream: BinaryIO) -> np.ndarray:
    rows, columns = (int(n) for n in _numbers(stream, "qq"))
    start = stream.tell()
    stream.seek(rows * columns * 4, 1)
    if path.stat().st_size < stream.tell():
        raise EOFError("it ends within a matrix")
    return np.memmap(path, dtype="<f4", mode="r", offset=start, shape=(rows, columns))
