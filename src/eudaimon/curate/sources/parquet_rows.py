"""Parquet: one record a row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from eudaimon.core.document import Document
from eudaimon.curate.sources.formats import Ranges
from eudaimon.curate.sources.location import open_bytes
from eudaimon.curate.sources.record import BadRecord, Fields, Reading
from eudaimon.curate.sources.rows import AT_ONCE, documents_of
from eudaimon.curate.sources.shard import Shard
from eudaimon.curate.sources.source_file import SourceFile

if TYPE_CHECKING:
    import pyarrow.parquet


def ranges(file: SourceFile, shard_bytes: int) -> Ranges:
    """Ranges of row groups with about ``shard_bytes`` of decompressed values together."""
    import pyarrow

    try:
        with open_bytes(file.url) as stream, _open(stream) as table:
            sizes = [table.metadata.row_group(k).total_byte_size for k in range(table.num_row_groups)]
    except (OSError, pyarrow.ArrowException):
        return [(0, None)]
    found: list[tuple[int, int | None]] = []
    start = held = 0
    for k, size in enumerate(sizes):
        if held and held + size > shard_bytes:
            found.append((start, k))
            start = held = k
            held = 0
        held += max(1, size)
    return [*found, (start, None)]


def read(shard: Shard, fields: Fields, reading: Reading) -> Iterator[Document | BadRecord]:
    """The documents of a shard's row groups; a row's place is its number in the file, from 0."""
    import pyarrow

    with open_bytes(shard.file.url) as stream:
        try:
            table = _open(stream)
        except (OSError, pyarrow.ArrowException) as error:
            if shard.index == 0:
                yield _damage(shard, 0, f"not a Parquet file that can be read: {error}")
            return
        with table:
            groups = [table.metadata.row_group(k) for k in range(table.num_row_groups)]
            row = sum(group.num_rows for group in groups[: shard.start])
            for k in range(shard.start, len(groups) if shard.stop is None else shard.stop):
                yield from _group(table, k, row, shard, fields, reading)
                row += groups[k].num_rows


def _group(
    table: pyarrow.parquet.ParquetFile, k: int, row: int, shard: Shard, fields: Fields, reading: Reading
) -> Iterator[Document | BadRecord]:
    import pyarrow

    group = table.metadata.row_group(k)
    a_row = max(1, group.total_byte_size // max(1, group.num_rows))
    some = max(1, min(4096, AT_ONCE // a_row))
    batches = table.iter_batches(batch_size=some, row_groups=[k], use_threads=False)
    end = row + group.num_rows
    while True:
        try:
            batch: Any = next(batches, None)
        except (OSError, pyarrow.ArrowException) as error:
            yield _damage(shard, row, f"rows {row} to {end - 1} cannot be read: {error}")
            return
        if batch is None:
            return
        yield from documents_of(batch, row, shard.file, fields, reading)
        row += batch.num_rows


def _open(stream: Any) -> pyarrow.parquet.ParquetFile:
    import pyarrow.parquet

    # Column by column in small reads, or a row group is in memory as a whole before its first row.
    return pyarrow.parquet.ParquetFile(stream, buffer_size=1 << 20, pre_buffer=False)


def _damage(shard: Shard, row: int, reason: str) -> BadRecord:
    return BadRecord(shard.file.url, row, reason.strip()[:500], kind="damage")
