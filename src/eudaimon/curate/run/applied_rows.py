"""The form in which kept and removed text is written, and how it is read again.

A kept row is a training text: ``id``, ``text``, ``source``, ``no_loss`` (spans ``[start, end)`` of ``text``
in code points that are read and not learned), ``weight`` (how often it is read), and beside them the other
fields of the record. ``curate`` says how it came about: ``record`` (its place among the documents of its
shard), ``text_hash`` of the original, what was ``inserted``, and fields of the record that had one of these
names.

A removed row is a piece of an original: ``id``, ``record``, ``start``, ``end``, ``text``, ``kind`` (redact,
rewrite, drop, error), ``rule``, ``why``, ``scores``, ``model``, ``policy``, ``policy_hash``. One that is a
whole document also has ``source``, ``metadata``, ``text_hash`` and ``whole``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from eudaimon.core.document import Document
from eudaimon.curate.apply import Applied, Inserted, Removed
from eudaimon.curate.scores import SegmentScores

if TYPE_CHECKING:
    import pyarrow

OURS = ("id", "text", "source", "no_loss", "weight", "curate")


def kept_columns() -> pyarrow.Schema:
    """The columns of a Parquet file of kept rows; the rest stands as JSON in ``metadata``."""
    import pyarrow

    return pyarrow.schema(
        {
            "id": pyarrow.string(),
            "text": pyarrow.large_string(),
            "source": pyarrow.string(),
            "no_loss": pyarrow.list_(pyarrow.list_(pyarrow.int64(), 2)),
            "weight": pyarrow.int32(),
        }
    )


def untouched_row(
    document: Document, record: int, source: str, text_hash: str, weight: int = 1
) -> dict[str, Any]:
    """The kept row of a document of which nothing is changed."""
    curate: dict[str, Any] = {"record": record, "text_hash": text_hash}
    return _kept(document, document.text, source, [], weight, curate)


def kept_row(document: Document, applied: Applied, record: int) -> dict[str, Any]:
    """The kept row of what was made of a document."""
    curate: dict[str, Any] = {"record": record, "text_hash": applied.text_hash}
    if applied.inserted:
        curate["inserted"] = [asdict(piece) for piece in applied.inserted]
    masks = [list(span) for span in applied.masks]
    return _kept(document, applied.text, applied.source, masks, applied.weight, curate)


def removed_rows(document: Document, applied: Applied, record: int) -> list[dict[str, Any]]:
    """The rows of everything that was removed of a document, in order."""
    rows = []
    for piece in sorted(applied.removed, key=lambda piece: (piece.start, piece.end)):
        row = {name: getattr(piece, name) for name in Removed.__slots__ if name != "scores"}
        row |= {"record": record, "scores": [_score_row(scores) for scores in piece.scores]}
        if applied.outcome != "keep":
            whole = {"whole": True, "source": applied.source, "text_hash": applied.text_hash}
            row |= {**whole, "metadata": dict(document.metadata)}
        rows.append(row)
    return rows


def document_of(row: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """Id, text and metadata of the record that a kept row was made of, the text as it is now."""
    metadata = {name: value for name, value in row.items() if name not in OURS}
    metadata |= row["curate"].get("overruled", {})
    return row["id"], row["text"], {"source": row["source"], **metadata}


def applied_of(row: Mapping[str, Any] | None, removed: list[Mapping[str, Any]]) -> Applied:
    """What was made of one document, from its kept row, if there is one, and the rows of what was removed."""
    first: Mapping[str, Any] = row if row is not None else removed[0]
    made = first["curate"] if row is not None else first
    return Applied(
        id=first["id"],
        outcome="keep" if row is not None else "drop",
        reason="",
        text=row["text"] if row is not None else "",
        masks=tuple((start, end) for start, end in first.get("no_loss", ())),
        inserted=tuple(
            Inserted(p["start"], p["end"], p["kind"], tuple(p["of"]) if p["of"] else None)
            for p in made.get("inserted", ())
        ),
        removed=tuple(_removed(piece) for piece in removed),
        weight=first.get("weight", 1),
        source=first.get("source", ""),
        model="",
        policy="",
        policy_hash="",
        text_hash=made["text_hash"],
    )


def _kept(
    document: Document,
    text: str,
    source: str,
    masks: list[list[int]],
    weight: int,
    curate: dict[str, Any],
) -> dict[str, Any]:
    metadata = dict(document.metadata)
    if metadata.get("source") == source:
        del metadata["source"]
    overruled = {name: metadata.pop(name) for name in OURS if name in metadata}
    if overruled:
        curate["overruled"] = overruled
    row = {"id": document.id, "text": text, "source": source, "no_loss": masks, "weight": weight}
    return {**row, **metadata, "curate": curate}


def _removed(row: Mapping[str, Any]) -> Removed:
    names = [name for name in Removed.__slots__ if name != "scores"]
    return Removed(**{name: row[name] for name in names}, scores=())


def _score_row(scores: SegmentScores) -> dict[str, Any]:
    """The scores of a segment without what is not known, and without the document's id."""
    row = {name: getattr(scores, name) for name in SegmentScores.__slots__ if name != "document"}
    row |= {"harm": dict(scores.harm), "traits": dict(scores.traits)}
    return {name: value for name, value in row.items() if value is not None and value != "" and value != {}}
