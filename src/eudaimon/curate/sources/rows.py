"""Documents of the rows of a table's batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from eudaimon.core.document import Document
from eudaimon.curate.sources.record import BadRecord, Fields, Problem, Reading, as_document, shown
from eudaimon.curate.sources.source_file import SourceFile

if TYPE_CHECKING:
    import pyarrow

JSON_MARK = {b"eudaimon": b"json"}
"""Marks a column of a Parquet file that holds an object as JSON text, and is unfolded when it is read."""

AT_ONCE = 1 << 22
"""Bytes of a batch that are Python objects at a time, or one row."""


def documents_of(
    batch: pyarrow.RecordBatch, first: int, file: SourceFile, fields: Fields, reading: Reading
) -> Iterator[Document | BadRecord]:
    """The documents of a batch whose first row has the number ``first`` in its file."""
    some = max(1, AT_ONCE * batch.num_rows // max(1, batch.nbytes))
    folded = _folded(batch.schema)
    for begin in range(0, batch.num_rows, some):
        rows = _rows(batch.slice(begin, some), fields, reading)
        for number, row in enumerate(rows, start=first + begin):
            if isinstance(row, dict):
                for name in folded:
                    row[name] = _unfolded(row[name])
                too_long = _too_long(row.get(fields.text), reading.longest)
                made = too_long or as_document(row, file.stem, number, fields)
            else:
                made = row
            if isinstance(made, Document):
                yield made
            else:
                excerpt = shown(repr(row)) if isinstance(row, dict) else ""
                yield BadRecord(file.url, number, made[1], excerpt, made[0])


def _rows(
    batch: pyarrow.RecordBatch, fields: Fields, reading: Reading
) -> list[dict[str, Any] | tuple[Problem, str]]:
    """The rows of a batch, or what is wrong with them."""
    import pyarrow

    binary = pyarrow.types.is_binary, pyarrow.types.is_large_binary
    text = [field for field in batch.schema if field.name == fields.text]
    try:
        # Some writers of Parquet do not mark text as such.
        if not any(is_binary(field.type) for is_binary in binary for field in text):
            rows: list[dict[str, Any] | tuple[Problem, str]] = batch.to_pylist()
            return rows
    except (ValueError, OverflowError, pyarrow.ArrowException):
        pass
    return [_row(batch, k, fields, reading) for k in range(batch.num_rows)]


def _row(
    batch: pyarrow.RecordBatch, k: int, fields: Fields, reading: Reading
) -> dict[str, Any] | tuple[Problem, str]:
    """One row, value by value. What Python has no value for, such as the year 10000, becomes text."""
    import pyarrow

    row: dict[str, Any] = {}
    for name in batch.schema.names:
        value = batch.column(name)[k]
        try:
            row[name] = value.as_py()
            if name == fields.text and isinstance(row[name], bytes):
                row[name] = row[name].decode()
        except UnicodeDecodeError as error:
            if reading.errors == "quarantine" or not hasattr(value, "as_buffer"):
                return (
                    "encoding",
                    f"not UTF-8 in the field {name!r} at its byte {error.start}: {error.reason}",
                )
            row[name] = value.as_buffer().to_pybytes().decode("utf-8", "replace")
        except (ValueError, OverflowError, pyarrow.ArrowException):
            row[name] = _as_text(value)
    return row


def _as_text(value: pyarrow.Scalar) -> str | None:
    import pyarrow

    try:
        text: str | None = value.cast(pyarrow.string()).as_py()
        return text
    except (ValueError, pyarrow.ArrowException):
        return None


def _folded(schema: pyarrow.Schema) -> list[str]:
    """The columns of JSON text that `write` made."""
    return [field.name for field in schema if (field.metadata or {}).items() >= JSON_MARK.items()]


def _unfolded(text: str | None) -> Any:
    import orjson

    try:
        return orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        return text


def _too_long(text: object, longest: int) -> tuple[Problem, str] | None:
    if not isinstance(text, str) or len(text) * 4 <= longest:
        return None
    size = len(text.encode("utf-8", "surrogatepass"))
    return (
        ("length", f"a text of {size:,} bytes is over the limit of {longest:,}") if size > longest else None
    )
