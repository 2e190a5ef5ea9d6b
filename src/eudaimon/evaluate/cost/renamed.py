"""Rows of a measurement that stands elsewhere, as rows of a cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from eudaimon.evaluate.rows import Row


def renamed(rows: Iterable[Row], names: Mapping[str, str]) -> list[Row]:
    """The rows whose metric is among ``names``, under the name that stands there; the others are left out."""
    return [replace(row, metric=names[row.metric]) for row in rows if row.metric in names]
