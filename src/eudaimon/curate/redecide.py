"""Decisions on a whole file of scores: columns first, objects for those who ask for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from eudaimon.curate.decide import Decision
from eudaimon.curate.decision_table import decide_table, decisions, score_tables
from eudaimon.curate.policy import Policy
from eudaimon.curate.score_table import WHOLE, of_rows
from eudaimon.curate.scores import DocumentScores

if TYPE_CHECKING:
    import pyarrow


def decide_file(policy: Policy, path: str | Path) -> Iterator[Decision]:
    """The decisions on all documents of a Parquet file of scores, in order: those of `decide`, sooner.

    Memory holds one row group. Where the decisions need not be objects, `eudaimon.curate.decide_table` is
    many times as fast. Raises `BadRows` as `eudaimon.curate.read_scores` does.
    """
    path = Path(path)
    for scores in score_tables(path):
        table = decide_table(policy, scores, path)
        acted = np.flatnonzero(table["spans"].is_valid().to_numpy())
        yield from decisions(policy, table, scores_of(path, scores, acted))


def scores_of(path: Path, scores: pyarrow.Table, rows: np.ndarray) -> dict[int, DocumentScores]:
    """The scores of these documents of a score table, by their number among its documents."""
    document = np.cumsum(scores["segment"].to_numpy() == WHOLE) - 1
    found = of_rows(path, scores.filter(np.isin(document, rows)).to_pylist()) if len(rows) else ()
    return dict(zip(rows.tolist(), found, strict=True))
