"""One file of a corpus, and how it is known again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, TypeAlias

from eudaimon.curate.sources.stream import Compression

Format: TypeAlias = Literal["jsonl", "parquet", "arrow", "csv", "warc", "text"]

SUFFIXES: Mapping[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".csv": "csv",
    ".tsv": "csv",
    ".warc": "warc",
    ".wet": "warc",
    ".txt": "text",
}
"""What the endings of names stand for; before ``.gz`` or ``.zst`` too."""

COMPRESSED = (".gz", ".zst")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file by its absolute path or URL, how it is to be read, its size in bytes and its content's hash.

    ``name`` is its path within what the user named: unique in a corpus, and the same when the corpus moves.
    The plain texts of a folder are one source, ``url`` its path or pattern, ``only`` the endings that count.
    """

    url: str
    format: Format
    size: int
    fingerprint: str
    name: str
    compression: Compression = ""
    only: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # A source that was kept as JSON comes back with a list, and is still the same source.
        object.__setattr__(self, "only", tuple(self.only))

    @property
    def stem(self) -> str:
        """The name without the endings that say how the file is read; names records that have no id."""
        path = PurePosixPath(self.name)
        if path.suffix.lower() in COMPRESSED:
            path = path.with_suffix("")
        return str(path.with_suffix("") if path.suffix.lower() in SUFFIXES else path)
