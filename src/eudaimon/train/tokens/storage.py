"""The files of a token set while they are written: nothing opens as whole before all of it is there."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import numpy as np
from jaxtyping import Bool, Int

from eudaimon.core.errors import UsageError
from eudaimon.core.files import atomic_path, write_json
from eudaimon.train.tokens.token_set import MANIFEST, Counts, Manifest, TokenFile, TokenSet

LARGEST_UINT16 = 1 << 16
CHUNK = 1 << 20
TOGETHER = 1024


class TokenWriter:
    """Appends documents; made by `token_writer`."""

    def __init__(self, tokens: IO[bytes], loss: IO[bytes], ends: IO[bytes], dtype: str) -> None:
        self._files = {"tokens.bin": tokens, "loss.bin": loss, "ends.bin": ends}
        self._hashes = {name: hashlib.sha256() for name in self._files}
        self._sizes: Counter[str] = Counter()
        self._documents: Counter[str] = Counter()
        self._tokens: Counter[str] = Counter()
        self._learned: Counter[str] = Counter()
        self._dtype = np.dtype(dtype).newbyteorder("<")
        self._end = 0
        self._waiting: list[tuple[np.ndarray, np.ndarray]] = []
        self._ends: list[int] = []

    def append(self, ids: Int[np.ndarray, "n"], masked: Bool[np.ndarray, "n"], source: str) -> None:
        """Add one document; ``masked`` is True where a token is not learned."""
        self._waiting.append((ids, masked))
        self._end += len(ids)
        self._ends.append(self._end)
        self._documents[source] += 1
        self._tokens[source] += len(ids)
        self._learned[source] += len(ids) - int(np.count_nonzero(masked))
        if len(self._waiting) == TOGETHER:
            self.flush()

    def flush(self) -> None:
        """Write what waits: documents are short, and each write and hash has its price."""
        if self._waiting:
            ids, masked = (np.concatenate(column) for column in zip(*self._waiting, strict=True))
            self._put("tokens.bin", ids.astype(self._dtype).tobytes())
            self._put("loss.bin", (~masked).tobytes())
            self._put("ends.bin", np.array(self._ends, "<i8").tobytes())
            self._waiting, self._ends = [], []

    def extend(self, tokenset: TokenSet) -> None:
        """Add all documents of another set."""
        self.flush()
        for low in range(0, tokenset.n_tokens, CHUNK):
            self._put("tokens.bin", tokenset.tokens[low : low + CHUNK].astype(self._dtype).tobytes())
            self._put("loss.bin", tokenset.loss[low : low + CHUNK].tobytes())
        for low in range(0, tokenset.n_documents, CHUNK):
            ends = np.asarray(tokenset.ends[low : low + CHUNK]) + self._end
            self._put("ends.bin", ends.astype("<i8").tobytes())
        self._end += tokenset.n_tokens
        for name, counts in tokenset.manifest.sources.items():
            self._documents[name] += counts.documents
            self._tokens[name] += counts.tokens
            self._learned[name] += counts.loss_tokens

    def sources(self) -> dict[str, Counts]:
        """Counts by source."""
        return {
            name: Counts(documents=n, tokens=self._tokens[name], loss_tokens=self._learned[name])
            for name, n in sorted(self._documents.items())
        }

    def files(self) -> dict[str, TokenFile]:
        """Sizes and hashes of what was written."""
        return {
            name: TokenFile(bytes=self._sizes[name], sha256=self._hashes[name].hexdigest())
            for name in self._files
        }

    def _put(self, name: str, content: bytes) -> None:
        self._files[name].write(content)
        self._hashes[name].update(content)
        self._sizes[name] += len(content)


@contextmanager
def token_writer(folder: Path, *, tokenizer: str, vocabulary: int, pad: int) -> Iterator[TokenWriter]:
    """A writer of a token set that is in ``folder``, whole, when the block has ended well.

    A set that is there already stays until then. Raises `UsageError` when nothing was appended.
    """
    dtype = "uint16" if vocabulary <= LARGEST_UINT16 else "uint32"
    with ExitStack() as stack:
        temporary = {
            name: stack.enter_context(atomic_path(folder / name))
            for name in ("tokens.bin", "loss.bin", "ends.bin")
        }
        with ExitStack() as open_files:
            tokens, loss, ends = (open_files.enter_context(path.open("wb")) for path in temporary.values())
            writer = TokenWriter(tokens, loss, ends, dtype)
            yield writer
            writer.flush()
        sources = writer.sources()
        totals = {
            field: sum(getattr(counts, field) for counts in sources.values()) for field in Counts.model_fields
        }
        if not totals["tokens"]:
            raise UsageError("the texts hold no token", right="at least one text with a character")
        # From here until the new manifest the folder is nobody's: the old one would vouch for new files.
        (folder / MANIFEST).unlink(missing_ok=True)
    manifest = Manifest.model_validate(
        {
            "tokenizer": tokenizer, "vocabulary": vocabulary, "dtype": dtype, "pad": pad,
            "counts": Counts(**totals), "sources": sources, "files": writer.files(),
        }
    )  # fmt: skip
    write_json(folder / MANIFEST, manifest.model_dump())
