"""Rows of score tables as items that can be shown with their texts."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Int

from eudaimon.curate.audit.records import AuditItem
from eudaimon.curate.decided import ScoreTable

_COLUMNS = ("document", "segment", "start", "end", "voice", "span_hash", "parent")


def items_of(table: ScoreTable, rows: Int[np.ndarray, "rows"]) -> list[AuditItem]:
    """The segments in these rows, in order, without their texts."""
    found: list[dict[str, Any]] = table.table.select(list(_COLUMNS)).take(rows).to_pylist()
    sources = table.heads("source")
    items = []
    for row, place in zip(found, np.asarray(rows).tolist(), strict=True):
        score, number, parent = float(table.harm[place]), int(table.document[place]), row.pop("parent")
        above = None if parent is None else int(table.starts[number]) + 1 + parent
        ends = [] if above is None else [table.table[name][above].as_py() for name in ("start", "end")]
        row["voice"], row["span_hash"] = row["voice"] or "", row["span_hash"] or ""
        items.append(
            AuditItem(
                **row,
                frame=(ends[0], ends[1]) if ends else None,
                source=sources[number],
                score=None if np.isnan(score) else score,
            )
        )
    return items
