"""Rows of score tables as items that can be shown with their texts, and an order of them by chance."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from jaxtyping import Int, UInt64

from eudaimon.curate.audit.records import AuditItem
from eudaimon.curate.decided import ScoreTable
from eudaimon.curate.score_table import WHOLE

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


def ranks(table: ScoreTable, seed: int) -> UInt64[np.ndarray, "rows"]:
    """A pseudo-random number for each row, from the seed, its document's name and its place in it."""
    of_document = np.array(
        [hashed(f"audit {seed}", name) for name in table.heads("document")], dtype=np.uint64
    )
    mixed = of_document[table.document] + (table.segment - WHOLE).astype(np.uint64) * np.uint64(
        0x9E3779B97F4A7C15
    )
    # splitmix64 (Steele, Lea and Flood, 2014) on whole columns: far cheaper than a digest for each segment.
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


def hashed(purpose: str, name: str) -> int:
    """64 pseudo-random bits for a name, others for each purpose."""
    key = f"{purpose}\0{name}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big")
