"""Documents of the rows of a table's batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from eudaimon.core.document import Document
from eudaimon.curate.sources.record import BadRecord, Fields, Reading, as_document, shown
from eudaimon.curate.sources.source_file import SourceFile

JSON_MARK = {b"eudaimon": b"json"}
"""Marks a column of a Parquet file that holds an object as JSON text, and is unfolded when it is read."""

if TYPE_CHECKING:
    import pyarrow


def documents_of(
    batch: pyarrow.RecordBatch, first: int, file: SourceFile, fields: Fields, reading: Reading
) -> Iterator[Document | BadRecord]:
    """The documents of a batch whose first row has the number ``first`` in its file."""
    try:
        rows: list[Any] = batch.to_pylist()
    except UnicodeDecodeError:
        rows = [_row(batch, k, reading) for k in range(batch.num_rows)]
    stem, folded = file.stem, _folded(batch.schema)
    for number, row in enumerate(rows, start=first):
        if isinstance(row, str):
            yield BadRecord(file.url, number, row, kind="encoding")
            continue
        for name in folded:
            row[name] = _unfolded(row[name])
        text = row.get(fields.text)
        if isinstance(text, str) and len(text) * 4 > reading.longest and _size(text) > reading.longest:
            reason = f"a text of {_size(text):,} bytes is over the limit of {reading.longest:,}"
            yield BadRecord(file.url, number, reason, shown(text), "length")
            continue
        made = as_document(row, stem, number, fields)
        if isinstance(made, Document):
            yield made
        else:
            yield BadRecord(file.url, number, made[1], shown(repr(row)[:400]), made[0])


def _folded(schema: pyarrow.Schema) -> list[str]:
    """The columns of JSON text that `write` made."""
    return [field.name for field in schema if (field.metadata or {}).items() >= JSON_MARK.items()]


def _unfolded(text: str | None) -> Any:
    import orjson

    try:
        return orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        return text


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _row(batch: pyarrow.RecordBatch, k: int, reading: Reading) -> dict[str, Any] | str:
    """One row, or what is wrong with it, of a batch that holds bytes which are not UTF-8 somewhere."""
    row: dict[str, Any] = {}
    for name in batch.schema.names:
        value = batch.column(name)[k]
        try:
            row[name] = value.as_py()
        except UnicodeDecodeError as error:
            if reading.errors == "quarantine" or not hasattr(value, "as_buffer"):
                return f"not UTF-8 in the field {name!r} at its byte {error.start}: {error.reason}"
            row[name] = value.as_buffer().to_pybytes().decode("utf-8", "replace")
    return row
