"""Records into files that are whole or absent: kept documents, removed text, quarantined records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.core.files import atomic_path
from eudaimon.curate.sources.json_text import json_line
from eudaimon.curate.sources.rows import JSON_MARK

if TYPE_CHECKING:
    import pyarrow

OutputFormat: TypeAlias = Literal["jsonl.zst", "parquet"]
Write: TypeAlias = Callable[[Mapping[str, Any]], None]

LEVEL = 1
"""Level 1 packs books at 250 MB/s to 38 % of their size, 3 (zstd's own default) at 90 to 33, 9 at 22 to 29.
At 3, writing takes a quarter of the time that applying a policy takes."""

REST = "metadata"
"""The column of a Parquet file in which all that has no column of its own stands as one JSON object."""

_BUFFER = 1 << 20
_GROUP_BYTES, _GROUP_ROWS = 1 << 25, 1 << 16


@dataclass(frozen=True, slots=True)
class RecordWriter:
    """Writes files of records into a folder: JSON Lines compressed by zstd, or Parquet.

    The same records give the same bytes. Raises `UsageError` for another format.
    """

    folder: Path
    format: OutputFormat = "jsonl.zst"
    level: int = LEVEL

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", Path(self.folder))
        if self.format not in ("jsonl.zst", "parquet"):
            raise UsageError(f"records are not written as {self.format}", right="jsonl.zst or parquet")

    def path(self, name: str) -> Path:
        """Where the file of a name lies."""
        return self.folder / f"{name}.{self.format}"

    def open(self, name: str, columns: pyarrow.Schema | None = None) -> AbstractContextManager[Write]:
        """A function that writes a record into the file of a name, which appears when the block ends well.

        ``columns`` are those of a Parquet file, by default ``id``, ``text`` and ``source``; whatever else a
        record holds stands as JSON in the column ``metadata``. JSON Lines hold every field beside the others,
        NaN and infinity as null. Raises `UsageError` when a text cannot be in Parquet (lone surrogates) or a
        value not in its column; no file is there then.
        """
        if self.format == "parquet":
            return _parquet(self.path(name), columns, self.level)
        return _json_lines(self.path(name), self.level)


def document_record(document: Document, **more: Any) -> dict[str, Any]:
    """A document as a record: id, text, and its metadata beside them; ``more`` comes last and overrules."""
    return {"id": document.id, "text": document.text, **document.metadata, **more}


@contextmanager
def _json_lines(path: Path, level: int) -> Iterator[Write]:
    import zstandard

    lines: list[bytes] = []
    held = 0
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        engine = zstandard.ZstdCompressor(level=level, write_checksum=True)
        with engine.stream_writer(file, closefd=False) as stream:

            def write(record: Mapping[str, Any]) -> None:
                nonlocal held
                lines.append(json_line(record))
                held += len(lines[-1])
                if held >= _BUFFER:
                    stream.write(b"".join(lines))
                    lines.clear()
                    held = 0

            yield write
            stream.write(b"".join(lines))


@contextmanager
def _parquet(path: Path, columns: pyarrow.Schema | None, level: int) -> Iterator[Write]:
    import pyarrow
    import pyarrow.parquet

    if columns is None:
        columns = pyarrow.schema(
            {"id": pyarrow.string(), "text": pyarrow.large_string(), "source": pyarrow.string()}
        )
    schema = columns.append(pyarrow.field(REST, pyarrow.string(), metadata=JSON_MARK))
    names = frozenset(columns.names)
    rows: list[dict[str, Any]] = []
    held = 0
    with (
        atomic_path(path) as temporary,
        pyarrow.parquet.ParquetWriter(
            temporary, schema, compression="zstd", compression_level=level
        ) as writer,
    ):

        def flush() -> None:
            try:
                writer.write_table(pyarrow.Table.from_pylist(rows, schema=schema))
            except (pyarrow.ArrowException, UnicodeEncodeError) as error:
                raise UsageError(
                    f"{path}: Parquet cannot hold a record: {error}",
                    right="values of the types of their columns, and text without lone surrogates",
                    do='RecordWriter(folder, "jsonl.zst")',
                ) from error
            rows.clear()

        def write(record: Mapping[str, Any]) -> None:
            nonlocal held
            row = {name: record.get(name) for name in columns.names}
            if rest := {name: value for name, value in record.items() if name not in names}:
                row[REST] = json_line(rest)[:-1].decode()
            rows.append(row)
            held += len(row.get("text") or "") + len(row.get(REST) or "")
            if held >= _GROUP_BYTES or len(rows) >= _GROUP_ROWS:
                flush()
                held = 0

        yield write
        if rows:
            flush()
