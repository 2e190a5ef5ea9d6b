"""Decisions on a whole file of scores: columns first, objects for those who ask for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from eudaimon.curate.decide import Decision
from eudaimon.curate.decision_table import decide_table, decisions, score_tables, span_lists
from eudaimon.curate.policy import Policy
from eudaimon.curate.score_table import HARM, TRAIT, WHOLE, of_rows, segment_of
from eudaimon.curate.scores import DocumentScores, SegmentScores

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
        yield from decisions(policy, table, cited_scores(path, scores, table, acted))


def cited_scores(
    path: Path, scores: pyarrow.Table, decided: pyarrow.Table, rows: np.ndarray
) -> dict[int, dict[int, SegmentScores]]:
    """The scores that the decisions in these rows rest on, by row and the segment's number.

    ``decided`` are the decisions on the score table. Most segments of a document are cited by none.
    """
    if not len(rows):
        return {}
    heads = np.flatnonzero(scores["segment"].to_numpy() == WHOLE)
    wanted = [
        (row, segment)
        for row, spans in zip(rows.tolist(), span_lists(decided["spans"].take(rows)), strict=True)
        for segment in dict.fromkeys(number for span in spans for number in span[3])
    ]
    taken = scores.take([int(heads[row]) + 1 + segment for row, segment in wanted])
    # What was not scored need not be made into one None for every row and column.
    empty = [name for name in taken.column_names if taken[name].null_count == taken.num_rows]
    taken = taken.drop_columns([name for name in empty if name.startswith((HARM, TRAIT))])
    found: dict[int, dict[int, SegmentScores]] = {int(row): {} for row in rows}
    for (row, segment), each in zip(wanted, taken.to_pylist(), strict=True):
        found[row][segment] = segment_of(path, each)
    return found


def scores_of(path: Path, scores: pyarrow.Table, rows: np.ndarray) -> dict[int, DocumentScores]:
    """The scores of these documents of a score table, by their number among its documents."""
    document = np.cumsum(scores["segment"].to_numpy() == WHOLE) - 1
    found = of_rows(path, scores.filter(np.isin(document, rows)).to_pylist()) if len(rows) else ()
    return dict(zip(rows.tolist(), found, strict=True))
