"""What makes a document of a record, and what is reported of a record that is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError

Problem: TypeAlias = Literal["encoding", "syntax", "length", "text", "empty", "damage"]
"""No Unicode; no record; too long; no text; nothing but white space; a file that cannot be read on."""

EXCERPT = 200
"""Code points that a report shows of a record, at most."""

LONGEST = 1 << 25


@dataclass(frozen=True, slots=True)
class Fields:
    """Under which names a record holds its text, its id and its source.

    Without ``source``, a record's own ``source`` counts where it is text, and else the file's stem.
    """

    text: str = "text"
    id: str = "id"
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """How records are read: the longest in bytes, and what is done with text that is no Unicode.

    With ``errors="quarantine"`` no document is made of a record that has bad UTF-8 or half a surrogate pair
    in it; with ``"replace"``, U+FFFD takes their place. Raises `UsageError` when ``longest`` is not positive.
    """

    longest: int = LONGEST
    errors: Literal["quarantine", "replace"] = "quarantine"

    def __post_init__(self) -> None:
        if self.longest < 1:
            raise UsageError(
                f"the longest record cannot have {self.longest} bytes", right="a positive number"
            )


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that no document was made of.

    ``file`` is the URL, ``offset`` the place of the record's first byte in the decompressed file, or its row
    in a table. ``excerpt`` shows its beginning, with ``\\xff`` and ``\\ud800`` for what is no Unicode.
    """

    file: str
    offset: int
    reason: str
    excerpt: str = ""
    kind: Problem = "syntax"


def as_document(
    record: Mapping[str, Any], stem: str, number: int, fields: Fields
) -> Document | tuple[Problem, str]:
    """The document of a record, or what is wrong with it; ``number`` names it where it has no id of its own.

    A mapping under ``metadata``, as datatrove and dolma write it, is unfolded beside the other fields. An id
    is text or an integer; anything else stays in the metadata and counts as none.
    """
    text = record.get(fields.text)
    if not isinstance(text, str):
        if fields.text in record:
            return "text", f"the field {fields.text!r} holds {_kind(text)} and no text"
        return "text", f"there is no field {fields.text!r}: {_names(record)}"
    if not text or text.isspace():
        return "empty", f"the field {fields.text!r} is empty"
    metadata = dict(record)
    del metadata[fields.text]
    name = _name(metadata.get(fields.id))
    if name:
        del metadata[fields.id]
    if isinstance(inner := metadata.get("metadata"), dict):
        del metadata["metadata"]
        metadata = {**inner, **metadata}
    metadata["source"] = _name(metadata.get(fields.source or "source")) or stem
    return Document(name or f"{stem}:{number}", text, metadata)


def _name(value: object) -> str:
    """Text of a value that can name something, else nothing."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _kind(value: object) -> str:
    kinds = {type(None): "null", bool: "true or false", list: "a list", dict: "an object"}
    return kinds.get(
        type(value), "a number" if isinstance(value, int | float) else f"a {type(value).__name__}"
    )


def _names(record: Mapping[str, Any]) -> str:
    shown = ", ".join(sorted(map(str, record))[:8])[:EXCERPT]
    return f"the record has {shown}" if shown else "the record is empty"


def shown(raw: bytes | str) -> str:
    """The beginning of a record for a report, in text that every file can hold."""
    if isinstance(raw, str):
        return raw[:EXCERPT].encode("utf-8", "backslashreplace").decode()
    return raw[:EXCERPT].decode("utf-8", "backslashreplace")[:EXCERPT]
