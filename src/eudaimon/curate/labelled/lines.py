"""Labelled segments in JSON Lines: one object a segment, only what is known written out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from eudaimon.core.errors import BadRows
from eudaimon.core.files import read_lines, write_jsonl
from eudaimon.curate.labelled.segment import LabelledSegment

_DEFAULTS = {
    name: getattr(LabelledSegment("", "", "group"), name)
    for name in (each.name for each in fields(LabelledSegment))
}
_ALWAYS = ("text", "source", "group", "split")


def write_labelled(path: str | Path, segments: Iterable[LabelledSegment]) -> Path:
    """Write segments as JSON Lines (``.gz`` and ``.zst`` compress), atomically, without unknown labels."""
    return write_jsonl(path, map(as_row, segments))


def read_labelled(path: str | Path) -> Iterator[LabelledSegment]:
    """The segments of a file, in order; fields that are left out are unknown.

    Raises `BadRows`, naming file and line, for a line that is no JSON object, lacks ``text``, ``source`` or
    ``group``, has an unknown field, or a label out of range.
    """
    for number, line in read_lines(path):
        if not line.strip():
            continue
        try:
            yield LabelledSegment(**_object(line))
        except (TypeError, ValueError) as error:
            raise BadRows(
                f"{path}, line {number}: {error}",
                right=f"a JSON object with {', '.join(_ALWAYS)} and labels within their ranges",
            ) from error


def as_row(segment: LabelledSegment) -> dict[str, Any]:
    """What is known of a segment, as JSON values."""
    row: dict[str, Any] = {}
    for name, default in _DEFAULTS.items():
        value = getattr(segment, name)
        if name in _ALWAYS or value != default:
            row[name] = dict(value) if name in ("harm", "traits") else value
    return row


def _object(line: str) -> dict[str, Any]:
    row = json.loads(line)
    if not isinstance(row, dict):
        raise ValueError("not a JSON object")
    missing = [name for name in ("text", "source", "group") if not isinstance(row.get(name), str)]
    if missing:
        raise ValueError(f"no {' and no '.join(missing)}")
    return row
