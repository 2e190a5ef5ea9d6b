"""One reader for each format, imported when a file of that format is met."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, TypeAlias, cast

from eudaimon.core.document import Document
from eudaimon.curate.sources.record import BadRecord, Fields, Reading
from eudaimon.curate.sources.source_file import Format, SourceFile

if TYPE_CHECKING:
    from eudaimon.curate.sources.shard import Shard

Ranges: TypeAlias = Sequence[tuple[int, int | None]]

READERS: Mapping[Format, str] = {
    "jsonl": "jsonl",
    "parquet": "parquet_rows",
    "arrow": "arrow_rows",
    "csv": "csv_rows",
    "warc": "warc",
    "text": "texts",
}
"""The file beside this one that reads a format."""


class Reader(Protocol):
    """What the file of a format defines."""

    def ranges(self, file: SourceFile, shard_bytes: int) -> Ranges:
        """Where shards of about ``shard_bytes`` begin and end, tiling the file; at least one."""

    def read(self, shard: Shard, fields: Fields, reading: Reading) -> Iterator[Document | BadRecord]:
        """The records of a shard in order."""


def reader_of(format: Format) -> Reader:
    """The reader of a format."""
    return cast(Reader, import_module(f"eudaimon.curate.sources.{READERS[format]}"))
