"""Arrow files, which Hugging Face datasets are saved in: one record a row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from eudaimon.core.document import Document
from eudaimon.curate.sources.formats import Ranges
from eudaimon.curate.sources.location import open_bytes
from eudaimon.curate.sources.record import BadRecord, Fields, Reading
from eudaimon.curate.sources.rows import documents_of
from eudaimon.curate.sources.shard import Shard
from eudaimon.curate.sources.source_file import SourceFile

if TYPE_CHECKING:
    import pyarrow

_FILE_MARK = b"ARROW1"


def ranges(file: SourceFile, shard_bytes: int) -> Ranges:
    """Ranges of record batches with about ``shard_bytes`` of values together."""
    found: list[tuple[int, int | None]] = []
    start = held = 0
    for k, batch in enumerate(_batches(file)):
        if not isinstance(batch, str) and held and held + batch.nbytes > shard_bytes:
            found.append((start, k))
            start, held = k, 0
        held += 0 if isinstance(batch, str) else max(1, batch.nbytes)
    return [*found, (start, None)]


def read(shard: Shard, fields: Fields, reading: Reading) -> Iterator[Document | BadRecord]:
    """The documents of a shard's record batches; a row's place is its number in the file, from 0."""
    row = 0
    for k, batch in enumerate(_batches(shard.file)):
        if shard.stop is not None and k >= shard.stop:
            return
        if isinstance(batch, str):
            yield BadRecord(shard.file.url, row, batch, kind="damage")
            return
        if k >= shard.start:
            yield from documents_of(batch, row, shard.file, fields, reading)
        row += batch.num_rows


def _batches(file: SourceFile) -> Iterator[pyarrow.RecordBatch | str]:
    """The batches of a file, mapped and not read where it is local, and last of all why it breaks off."""
    import pyarrow

    with _opened(file.url) as source:
        try:
            mark = source.read(len(_FILE_MARK))
            source.seek(0)
            if mark == _FILE_MARK:
                table = pyarrow.ipc.open_file(source)
                for k in range(table.num_record_batches):
                    yield table.get_batch(k)
            else:
                yield from pyarrow.ipc.open_stream(source)
        except (OSError, pyarrow.ArrowException) as error:
            yield f"no Arrow that can be read on: {error}"


@contextmanager
def _opened(url: str) -> Iterator[Any]:
    import pyarrow

    if "://" in url:
        with open_bytes(url) as file:
            yield file
    else:
        with pyarrow.memory_map(url) as mapped:
            yield mapped
