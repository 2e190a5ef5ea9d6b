"""The scores of many segments as objects, read column by column: `segment_of` of each row, sooner."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eudaimon.curate import arrow
from eudaimon.curate.score_table import HARM, TRAIT, segment_of
from eudaimon.curate.scores import LAST_STAGE, SegmentScores
from eudaimon.curate.taxonomy import STANCES, SUBJECTS, WORST

if TYPE_CHECKING:
    import pyarrow

_BOUNDS = (("severity", 0, WORST), ("hazard", 0, 1), ("stage", 0, LAST_STAGE))
_GIVEN = ("start", "end", "parent", "severity", "hazard", "stage", "stance", "frame", "subject")
_NAMES = (("stance", STANCES), ("frame", STANCES), ("subject", SUBJECTS))


def segments_of(path: Path, rows: pyarrow.Table) -> list[SegmentScores]:
    """The scores of segments from their rows of a score table, in order.

    Raises `BadRows`, naming the file, where a row is none of a segment's.
    """
    if not _sound(rows):
        return [segment_of(path, row) for row in rows.to_pylist()]
    plain: dict[str, list[Any]] = {
        **{name: arrow.plain_values(rows[name]) for name in _GIVEN},
        **{
            name: [value or "" for value in arrow.plain_values(rows[name])]
            for name in ("document", "span_hash", "voice", "persona", "error")
        },
        **{name: _by_name(rows, prefix) for name, prefix in (("harm", HARM), ("traits", TRAIT))},
    }
    names = SegmentScores.__slots__
    return [_made(names, values) for values in zip(*(plain[name] for name in names), strict=True)]


def _made(names: tuple[str, ...], values: tuple[Any, ...]) -> SegmentScores:
    """The object without its own checks, which have been made for all rows at once."""
    made = object.__new__(SegmentScores)
    for name, value in zip(names, values, strict=True):
        object.__setattr__(made, name, value)
    return made


def _sound(rows: pyarrow.Table) -> bool:
    """Whether every row has what a segment's scores must have."""
    if any(rows[name].null_count for name in ("document", "start", "end")):
        return False
    start, end = (arrow.to_numpy(rows[name]) for name in ("start", "end"))
    if not ((start >= 0) & (start <= end)).all():
        return False
    bounds = [*_BOUNDS]
    bounds += [(name, 0, 1) for name in rows.column_names if name.startswith(HARM)]
    bounds += [(name, -2, 2) for name in rows.column_names if name.startswith(TRAIT)]
    for name, low, high in bounds:
        column = rows[name]
        # A value that is NaN, and not null, is none.
        values = arrow.to_numpy(column)
        if np.isnan(values).sum() != column.null_count or (values < low).any() or (values > high).any():
            return False
    return all({*arrow.plain_values(rows[name])} <= {*known, None} for name, known in _NAMES)


def _by_name(rows: pyarrow.Table, prefix: str) -> list[dict[str, float]]:
    """For each row the values of the columns that begin like this, those that are not null, without it."""
    columns = [
        (name.removeprefix(prefix), arrow.to_numpy(rows[name]))
        for name in rows.column_names
        if name.startswith(prefix) and rows[name].null_count < rows.num_rows
    ]
    found: list[dict[str, float]] = [{} for _ in range(rows.num_rows)]
    for name, values in columns:
        for row, value in zip(found, values.tolist(), strict=True):
            if value == value:
                row[name] = value
    return found
