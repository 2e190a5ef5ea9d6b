"""Token sets as datatrove writes and reads them: ``x.ds``, ``x.ds.index``, ``x.ds.loss``, ``x.ds.metadata``.

The files are raw little-endian arrays: token ids of two or four bytes, document ends in tokens (uint64), and
one byte per token that is 0 where the token is not learned. The metadata is three lines: the tokenizer's name
and the bytes per token, the number of tokens, and that number for people.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from eudaimon.core.errors import UsageError
from eudaimon.core.files import atomic_path, write_text
from eudaimon.train.tokens.encoder import Encoder
from eudaimon.train.tokens.storage import token_writer
from eudaimon.train.tokens.token_set import TokenSet


def to_datatrove(tokenset: TokenSet, path: str | Path, *, tokenizer_name: str = "") -> Path:
    """Write the set as ``path`` (``.ds``) with its index, loss and metadata beside it; returns the path.

    ``tokenizer_name`` is what datatrove shall find in the metadata, a file or a name on the hub; without one
    it finds the tokenizer's hash. Sources and copies stay behind: datatrove has no place for them.
    """
    path = _named(path)
    for source, suffix in (("tokens.bin", ""), ("loss.bin", ".loss"), ("ends.bin", ".index")):
        with atomic_path(path.with_name(path.name + suffix)) as temporary:
            shutil.copyfile(tokenset.folder / source, temporary)
    size, n = tokenset.tokens.dtype.itemsize, tokenset.n_tokens
    name = tokenizer_name or tokenset.tokenizer_hash
    write_text(path.with_name(f"{path.name}.metadata"), f"{name}|{size}\n{n}\n{n / 1e6:.1f} MT")
    return path


def from_datatrove(path: str | Path, tokenizer: Any, folder: str | Path, *, source: str = "") -> TokenSet:
    """The token set, in ``folder``, of ``path`` (``.ds``) and its index; all is learned without a loss file.

    ``tokenizer`` is the one that made the tokens, which the files do not say; ``source`` names all of them.
    Raises `UsageError` when a file is missing, the sizes do not fit together, or an id is none of the
    tokenizer's.
    """
    path, encoder = _named(path), Encoder(tokenizer)
    index, loss = path.with_name(f"{path.name}.index"), path.with_name(f"{path.name}.loss")
    for file in (path, index):
        if not file.is_file():
            raise UsageError(f"{file} is missing", right="a .ds file with its .ds.index beside it")
    ends = np.fromfile(index, "<u8").astype(np.int64)
    tokens = np.memmap(path, _dtype(path, ends), "r")
    learned = np.memmap(loss, np.uint8, "r") if loss.is_file() else np.ones(len(tokens), np.uint8)
    if len(learned) != len(tokens):
        raise UsageError(f"{loss} speaks of {len(learned)} tokens, {path.name} has {len(tokens)}")
    if (largest := int(tokens.max())) >= encoder.vocabulary:
        raise UsageError(
            f"{path} holds token {largest}; this tokenizer ends at {encoder.vocabulary - 1}",
            right="the tokenizer that made the tokens",
        )
    with token_writer(
        Path(folder), tokenizer=encoder.tokenizer_hash, vocabulary=encoder.vocabulary, pad=encoder.pad
    ) as writer:
        start = 0
        for end in ends.tolist():
            writer.append(np.asarray(tokens[start:end]), learned[start:end] == 0, source)
            start = end
    return TokenSet.open(folder)


def _named(path: str | Path) -> Path:
    path = Path(path)
    if path.suffix != ".ds":
        raise UsageError(f"{path} is no datatrove token file", right="a name that ends in .ds")
    return path


def _dtype(path: Path, ends: Int[np.ndarray, "documents"]) -> np.dtype[Any]:
    """Two or four bytes: what makes the file as long as its index says."""
    n = int(ends[-1]) if len(ends) else 0
    rising = len(ends) > 0 and bool((np.diff(ends, prepend=0) >= 0).all())
    size = path.stat().st_size
    if not rising or n == 0 or size not in (2 * n, 4 * n):
        raise UsageError(
            f"{path} has {size} bytes, and its index ends at token {n}",
            right="a whole .ds file and the index that was written with it",
        )
    return np.dtype("<u2" if size == 2 * n else "<u4")
