"""Decisions on a whole file of scores: columns first, objects for those who ask for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from eudaimon.curate import arrow
from eudaimon.curate.decide import Decision
from eudaimon.curate.decision_table import decide_table, decisions, score_tables, span_lists
from eudaimon.curate.policy import Policy
from eudaimon.curate.score_table import WHOLE, of_rows
from eudaimon.curate.scores import DocumentScores, SegmentScores
from eudaimon.curate.segment_columns import segments_of

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
        acted = np.flatnonzero(arrow.to_numpy(table["spans"].is_valid()))
        yield from decisions(policy, table, cited_scores(path, scores, table, acted))


def cited_scores(
    path: Path, scores: pyarrow.Table, decided: pyarrow.Table, rows: np.ndarray
) -> dict[int, dict[int, SegmentScores]]:
    """The scores that the decisions in these rows rest on, by row and the segment's number.

    ``decided`` are the decisions on the score table. Most segments of a document are cited by none.
    """
    if not len(rows):
        return {}
    heads = np.flatnonzero(arrow.to_numpy(scores["segment"]) == WHOLE)
    acted = span_lists(decided["spans"].take(arrow.numbers(rows)))
    wanted = [
        (row, segment)
        for row, spans in zip(rows.tolist(), acted, strict=True)
        for segment in dict.fromkeys(number for span in spans for number in span[3])
    ]
    taken = scores.take(arrow.numbers(np.array([heads[row] + 1 + k for row, k in wanted], dtype=np.int64)))
    found: dict[int, dict[int, SegmentScores]] = {int(row): {} for row in rows}
    for (row, segment), each in zip(wanted, segments_of(path, taken), strict=True):
        found[row][segment] = each
    return found


def scores_of(path: Path, scores: pyarrow.Table, rows: np.ndarray) -> dict[int, DocumentScores]:
    """The scores of these documents of a score table, by their number among its documents."""
    document = np.cumsum(arrow.to_numpy(scores["segment"]) == WHOLE) - 1
    found = of_rows(path, scores.filter(np.isin(document, rows)).to_pylist()) if len(rows) else ()
    return dict(zip(rows.tolist(), found, strict=True))
