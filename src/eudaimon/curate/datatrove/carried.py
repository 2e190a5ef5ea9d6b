"""Scores that travel in a document's metadata: the rows of the score table as lists by column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from eudaimon.core.errors import UsageError
from eudaimon.curate import arrow
from eudaimon.curate.score_table import WHOLE, score_schema

if TYPE_CHECKING:
    import pyarrow

SCORES = "eudaimon_scores"
"""The metadata's key. Under it, a list for each column, with the document's own value first."""
_IMPLIED = ("document", "segment", "n_segments")


def carried(table: pyarrow.Table) -> Iterator[dict[str, list[Any]]]:
    """For each document of a score table its rows as JSON has them, without columns of nothing but nulls."""
    heads = np.flatnonzero(arrow.to_numpy(table["segment"]) == WHOLE).tolist()
    filled = [n for n in table.column_names if n not in _IMPLIED and table[n].null_count < table.num_rows]
    columns = table.select(filled).to_pydict()
    for start, stop in pairwise([*heads, table.num_rows]):
        yield {name: values[start:stop] for name, values in columns.items()}


def collected(ids: Sequence[str], found: Sequence[Mapping[str, Any]]) -> pyarrow.Table:
    """The score table of documents from what is in their metadata.

    Raises `UsageError` where a document carries no scores.
    """
    import pyarrow

    rows = [each.get(SCORES) for each in found]
    if None in rows:
        raise UsageError(
            f"document {ids[rows.index(None)]} carries no scores",
            right="an EudaimonScorer before this step, or a folder of scores that one wrote",
            do="EudaimonPolicy(policy, exclusion_writer, scores=folder)",
        )
    scores: list[Mapping[str, list[Any]]] = [row for row in rows if row is not None]
    sizes = [len(row["span_hash"]) for row in scores]
    schema = score_schema()
    columns: dict[str, list[Any]] = {
        "document": [name for name, size in zip(ids, sizes, strict=True) for _ in range(size)],
        "segment": [k for size in sizes for k in range(WHOLE, size - 1)],
        "n_segments": [n for size in sizes for n in (size - 1, *[None] * (size - 1))],
    }
    for name in schema.names:
        if name not in columns:
            columns[name] = [
                value
                for row, size in zip(scores, sizes, strict=True)
                for value in row.get(name) or [None] * size
            ]
    arrays = [pyarrow.array(columns[field.name], field.type) for field in schema]
    return pyarrow.table(arrays, schema=schema)
