"""Scores in a Parquet file: one row a segment, and one row before them for the document itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from eudaimon.core.errors import BadRows
from eudaimon.core.files import atomic_path
from eudaimon.curate.scores import DocumentScores, SegmentScores
from eudaimon.curate.taxonomy import TRAITS

if TYPE_CHECKING:
    import pyarrow

WHOLE = -1
"""The ``segment`` of the row that stands for the document: its hash, source, model and error."""

DOCUMENTS_A_GROUP = 4096
_TEXTS = ("voice", "persona", "stance", "frame", "subject", "error")
HARM, TRAIT = "harm_", "trait_"


def write_scores(path: str | Path, scores: Iterable[DocumentScores]) -> Path:
    """Write scores as Parquet (zstd), atomically, in the order given; the same scores give the same bytes.

    Memory does not grow with the number of documents. Probabilities and severities are 64-bit floats; what
    was not scored is null. A lone surrogate in a name becomes ``\\udc80``, which Parquet can hold.
    """
    import pyarrow

    path, documents, schema = Path(path), iter(scores), score_schema()
    with (
        atomic_path(path) as temporary,
        score_writer(temporary) as writer,
    ):
        while group := list(islice(documents, DOCUMENTS_A_GROUP)):
            rows = [row for document in group for row in _rows(document)]
            writer.write_table(pyarrow.Table.from_pylist(rows, schema=schema))
    return path


def read_scores(path: str | Path) -> Iterator[DocumentScores]:
    """The scores of a Parquet file, document by document, in order.

    Raises `BadRows`, naming the file, when it is missing, is no Parquet, lacks a column or ends in the middle
    of what a document's row announces.
    """
    path = Path(path)
    with open_scores(path) as file:
        yield from of_rows(path, (row for batch in file.iter_batches() for row in batch.to_pylist()))


def score_writer(path: Path) -> pyarrow.parquet.ParquetWriter:
    """A writer of tables of `score_schema` into a file: zstd, and dictionaries for what comes again."""
    import pyarrow.parquet

    schema = score_schema()
    # No two hashes are the same: a dictionary of them takes time to write, and again to read.
    again = [name for name in schema.names if name != "span_hash"]
    return pyarrow.parquet.ParquetWriter(path, schema, compression="zstd", use_dictionary=again)


def open_scores(path: Path, coded: Sequence[str] = ()) -> pyarrow.parquet.ParquetFile:
    """The open Parquet file of scores; raises `BadRows` when it is missing, is none, or lacks a column.

    Columns of strings that are ``coded`` come as dictionaries.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(path, read_dictionary=list(coded))
    except (OSError, pyarrow.ArrowInvalid) as error:
        raise BadRows(
            f"{path} cannot be read: {str(error).splitlines()[0]}", right="a Parquet file of scores"
        ) from error
    there = set(file.schema_arrow.names)
    missing = [name for name in score_schema().names if name not in there]
    if missing:
        file.close()
        raise BadRows(f"{path} has no column {', '.join(missing)}", right="scores that curate wrote")
    return file


def of_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> Iterator[DocumentScores]:
    """The scores of the documents of which these are the rows, in order; raises `BadRows` on a stray row."""
    whole: Mapping[str, Any] | None = None
    segments: list[SegmentScores] = []
    for row in rows:
        if row["segment"] == WHOLE:
            if whole is not None:
                yield _document(path, whole, segments)
            whole, segments = row, []
        elif whole is None or row["document"] != whole["document"] or row["segment"] != len(segments):
            raise BadRows(f"{path}: segment {row['segment']} of document {row['document']} is astray")
        else:
            segments.append(segment_of(path, row))
    if whole is not None:
        yield _document(path, whole, segments)


@cache
def score_schema() -> pyarrow.Schema:
    """The columns of a table of scores: of `write_scores`, and of what a scorer returns."""
    import pyarrow

    from eudaimon.data.taxonomy import categories

    text = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    number = pyarrow.float64()
    return pyarrow.schema(
        [
            pyarrow.field("document", pyarrow.string(), False),
            pyarrow.field("segment", pyarrow.int32(), False),
            pyarrow.field("n_segments", pyarrow.int32()),
            ("start", pyarrow.int64()),
            ("end", pyarrow.int64()),
            ("span_hash", pyarrow.string()),
            ("parent", pyarrow.int32()),
            ("severity", number),
            ("hazard", number),
            ("stage", pyarrow.int8()),
            ("source", text),
            ("model", text),
            *((name, text) for name in _TEXTS),
            *((HARM + name, number) for name in categories()),
            *((TRAIT + name, number) for name in TRAITS),
        ]
    )


def _rows(document: DocumentScores) -> Iterator[dict[str, Any]]:
    """The document's row, then those of its segments."""
    yield {
        "document": plain(document.id),
        "segment": WHOLE,
        "n_segments": len(document.segments),
        "span_hash": document.text_hash,
        "source": plain(document.source),
        "model": plain(document.model),
        "error": plain(document.error),
    }
    for index, segment in enumerate(document.segments):
        yield {
            "document": plain(document.id),
            "segment": index,
            "start": segment.start,
            "end": segment.end,
            "span_hash": segment.span_hash,
            "parent": segment.parent,
            "severity": segment.severity,
            "hazard": segment.hazard,
            "stage": segment.stage,
            **{name: plain(getattr(segment, name)) for name in _TEXTS},
            **{HARM + name: value for name, value in segment.harm.items()},
            **{TRAIT + name: value for name, value in segment.traits.items()},
        }


def segment_of(path: Path, row: Mapping[str, Any]) -> SegmentScores:
    """The scores of a segment from its row of a score table; raises `BadRows`, naming the file."""
    try:
        return SegmentScores(
            row["document"],
            row["start"],
            row["end"],
            span_hash=row["span_hash"] or "",
            parent=row["parent"],
            severity=row["severity"],
            hazard=row["hazard"],
            stage=row["stage"],
            harm=_values(row, _columns()[0]),
            traits=_values(row, _columns()[1]),
            voice=row["voice"] or "",
            persona=row["persona"] or "",
            stance=row["stance"],
            frame=row["frame"],
            subject=row["subject"],
            error=row["error"] or "",
        )
    except (TypeError, ValueError) as error:
        raise BadRows(f"{path}, document {row['document']}: {error}") from error


def _values(row: Mapping[str, Any], columns: Sequence[tuple[str, str]]) -> dict[str, float]:
    return {name: value for column, name in columns if (value := row.get(column)) is not None}


@cache
def _columns() -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """The columns of harm and those of traits, each with its category or trait."""
    from eudaimon.data.taxonomy import categories

    return tuple((HARM + name, name) for name in categories()), tuple((TRAIT + name, name) for name in TRAITS)


def _document(path: Path, whole: Mapping[str, Any], segments: list[SegmentScores]) -> DocumentScores:
    if len(segments) != whole["n_segments"]:
        raise BadRows(
            f"{path}: document {whole['document']} has {len(segments)} of {whole['n_segments']} segments",
            right="a whole file",
        )
    try:
        return DocumentScores(
            whole["document"],
            tuple(segments),
            text_hash=whole["span_hash"] or "",
            source=whole["source"] or "",
            model=whole["model"] or "",
            error=whole["error"] or "",
        )
    except ValueError as error:
        raise BadRows(f"{path}: {error}") from error


@overload
def plain(text: str) -> str: ...
@overload
def plain(text: None) -> None: ...
def plain(text: str | None) -> str | None:
    """The text as Parquet can hold it: a lone surrogate becomes ``\\udc80``."""
    if text is None or text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
