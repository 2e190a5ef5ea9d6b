"""One file of a corpus, and how it is known again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any, Literal, TypeAlias

from eudaimon.core.errors import UsageError
from eudaimon.core.identity import HASH_LENGTH
from eudaimon.curate.sources.stream import Compression

Format: TypeAlias = Literal["jsonl", "parquet"]

SUFFIXES: Mapping[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
COMPRESSED = (".gz", ".zst")

WHOLE = 1 << 26
"""Files up to this size are known by all of their bytes, larger ones by a sample and the time of change."""

_SAMPLE, _SAMPLES = 1 << 16, 16
_VERSIONS = ("ETag", "etag", "sha256", "md5Hash", "crc32c", "generation", "LastModified", "last_modified",
             "mtime", "updated", "created")  # fmt: skip


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file by its absolute path or URL, how it is to be read, its size in bytes and its content's hash.

    ``name`` is its path within what the user named: unique in a corpus, and the same when the corpus moves.
    """

    url: str
    format: Format
    size: int
    fingerprint: str
    name: str
    compression: Compression = ""

    @property
    def stem(self) -> str:
        """The name without the endings that say how the file is read; names records that have no id."""
        return stem(self.name)


def stem(name: str) -> str:
    """A path without the endings of formats and compressions."""
    path = PurePosixPath(name)
    if path.suffix.lower() in COMPRESSED:
        path = path.with_suffix("")
    return str(path.with_suffix("") if path.suffix.lower() in SUFFIXES else path)


def format_of(name: str) -> Format | None:
    """The format that the endings of a file's name stand for, if any."""
    path = PurePosixPath(name)
    if path.suffix.lower() in COMPRESSED:
        path = path.with_suffix("")
    return SUFFIXES.get(path.suffix.lower())


def require_format(name: str) -> Format:
    """The same; raises `UsageError` when the name tells nothing."""
    if (found := format_of(name)) is None:
        raise UsageError(
            f"{name}: its name does not say what it holds",
            right="a name that ends in "
            + ", ".join(SUFFIXES)
            + "; before it may come .gz or .zst after them",
            do='find_sources(path, format="jsonl")',
        )
    return found


def fingerprint(file: IO[bytes], info: Mapping[str, Any], local: bool) -> str:
    """Hash of what a file contains.

    All bytes of a local file count, up to `WHOLE`. Of a larger one, and of one on another machine, blocks
    spread over it do, with its size and what the file system says of its version, because a sample alone
    would not see an edit between its blocks.
    """
    size = int(info["size"])
    digest = hashlib.sha256(str(size).encode())
    if local and size <= WHOLE:
        while block := file.read(1 << 20):
            digest.update(block)
        return digest.hexdigest()[:HASH_LENGTH]
    samples = _SAMPLES if local else 2
    for k in range(samples):
        file.seek(max(0, size - _SAMPLE) * k // (samples - 1))
        digest.update(file.read(_SAMPLE))
    digest.update(repr([(name, str(info[name])) for name in _VERSIONS if info.get(name)]).encode())
    return digest.hexdigest()[:HASH_LENGTH]
