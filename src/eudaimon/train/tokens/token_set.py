"""A corpus as tokens: three flat files that are mapped into memory, and a manifest that was written last."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Int, UInt, UInt8
from pydantic import BaseModel, ConfigDict, ValidationError

from eudaimon.core.errors import BindingMismatch, UsageError
from eudaimon.core.files import read_json, sha256_file
from eudaimon.core.identity import short_hash
from eudaimon.models.fingerprint import tokenizer_hash
from eudaimon.train.tokens.encoder import require_fast

MANIFEST = "manifest.json"
AGAIN = "a whole set: write the tokens again"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Counts(_Frozen):
    """How much there is, copies of up-weighted texts included; ``loss_tokens`` are those that are learned."""

    documents: int = 0
    tokens: int = 0
    loss_tokens: int = 0


class TokenFile(_Frozen):
    """Size in bytes and SHA-256 of a file."""

    bytes: int
    sha256: str


class Manifest(_Frozen):
    """What is in a token set's folder.

    ``pad`` is the id that fills rows, ``vocabulary`` one more than the largest id of the tokenizer,
    ``sources`` counts by `TrainText.source`.
    """

    format: Literal["eudaimon-tokens/1"] = "eudaimon-tokens/1"
    tokenizer: str
    vocabulary: int
    dtype: Literal["uint16", "uint32"]
    pad: int
    counts: Counts
    sources: dict[str, Counts]
    files: dict[Literal["tokens.bin", "loss.bin", "ends.bin"], TokenFile]


@dataclass(frozen=True)
class TokenSet:
    """Documents as token ids, end to end, with what is learned of them; made by `write_tokens`.

    Files are mapped into memory when they are first used, so that a set may be larger than memory, and
    opened anew in another process.
    """

    folder: Path
    manifest: Manifest

    @classmethod
    def open(cls, folder: str | Path, *, tokenizer: Any = None, check: bool = False) -> TokenSet:
        """The token set in a folder; sizes are always checked, hashes (a full read) with ``check``.

        Raises `UsageError` when the folder holds no whole set, naming the file that is missing or damaged,
        and `BindingMismatch` when ``tokenizer`` is given and not the one that the set was made with.
        """
        folder = Path(folder)
        manifest = _manifest(folder)
        for name, said in manifest.files.items():
            _require_whole(folder / name, said, check)
        opened = cls(folder, manifest)
        if tokenizer is not None:
            opened.require_tokenizer(tokenizer)
        return opened

    def require_tokenizer(self, tokenizer: Any) -> None:
        """Raise `BindingMismatch`, with both hashes, when the set was made with another tokenizer."""
        require_fast(tokenizer)
        if (other := tokenizer_hash(tokenizer)) != self.tokenizer_hash:
            raise BindingMismatch(
                f"the tokens in {self.folder} were made with tokenizer {self.tokenizer_hash}, not {other}",
                right="the tokenizer that made them, or tokens made with this one",
            )

    @cached_property
    def tokens(self) -> UInt[np.ndarray, "n"]:
        """Token ids of all documents, one after the other (uint16 or uint32, read-only)."""
        return np.memmap(self.folder / "tokens.bin", np.dtype(self.manifest.dtype).newbyteorder("<"), "r")

    @cached_property
    def loss(self) -> UInt8[np.ndarray, "n"]:
        """1 where a token is learned, 0 where it is only read."""
        return np.memmap(self.folder / "loss.bin", np.uint8, "r")

    @cached_property
    def ends(self) -> Int[np.ndarray, "documents"]:
        """One past the last token of each document, in tokens; a document without tokens repeats the last."""
        return np.memmap(self.folder / "ends.bin", "<i8", "r")

    @property
    def n_tokens(self) -> int:
        """Tokens, copies of up-weighted texts included."""
        return self.manifest.counts.tokens

    @property
    def n_documents(self) -> int:
        """Documents, copies of up-weighted texts included."""
        return self.manifest.counts.documents

    @property
    def tokenizer_hash(self) -> str:
        """The hash of the tokenizer that made the tokens, as `Checkpoint.tokenizer_hash`."""
        return self.manifest.tokenizer

    @property
    def hash(self) -> str:
        """16 hex digits that name tokens, mask, document ends and tokenizer, wherever the folder is."""
        return short_hash(self.manifest.model_dump(include={"tokenizer", "dtype", "files"}))

    def document(self, index: int) -> tuple[UInt[np.ndarray, "n"], Bool[np.ndarray, "n"]]:
        """Ids of one document and, for each, whether it is learned; raises `IndexError` outside the set."""
        if not 0 <= index < self.n_documents:
            raise IndexError(f"document {index} of {self.n_documents}")
        start = int(self.ends[index - 1]) if index else 0
        end = int(self.ends[index])
        return np.asarray(self.tokens[start:end]), self.loss[start:end].astype(bool)

    def __getstate__(self) -> dict[str, Any]:
        # Without the maps: pickled for a data loader's worker they would be copies of the whole set.
        return {"folder": self.folder, "manifest": self.manifest}


def _manifest(folder: Path) -> Manifest:
    try:
        return Manifest.model_validate(read_json(folder / MANIFEST))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(
            f"{folder} holds no whole token set: there is no {MANIFEST}, which is written last",
            right="a folder made by write_tokens; one that was interrupted is written again",
        ) from error
    except (ValidationError, ValueError) as error:
        raise UsageError(f"{folder / MANIFEST} is damaged: {error}", right=AGAIN) from error


def _require_whole(path: Path, said: TokenFile, check: bool) -> None:
    size = path.stat().st_size if path.is_file() else None
    if size is None:
        wrong = "is missing"
    elif size != said.bytes:
        wrong = f"is damaged: it has {size} bytes, not {said.bytes}"
    elif check and sha256_file(path) != said.sha256:
        wrong = "is damaged: its content is not what was written"
    else:
        return
    raise UsageError(f"{path} {wrong}", right=AGAIN)
