"""Scores beside what a policy makes of them, table by table: what audits and cards read a corpus with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from jaxtyping import Bool, Float, Int

from eudaimon.core.errors import UsageError
from eudaimon.core.files import read_json
from eudaimon.core.identity import short_hash
from eudaimon.curate import arrow
from eudaimon.curate.decision_table import decide_table, score_tables
from eudaimon.curate.policy import Policy
from eudaimon.curate.run.folder import MANIFEST, PLAN, ScoreFolder
from eudaimon.curate.score_table import HARM, WHOLE
from eudaimon.curate.voices.turn import MARKUP

if TYPE_CHECKING:
    import pyarrow

Fate: TypeAlias = Literal["keep", "tag", "mask", "rewrite", "redact", "drop", "error"]
FATES: tuple[Fate, ...] = ("keep", "tag", "mask", "rewrite", "redact", "drop", "error")
"""What becomes of a segment: the action on characters of it, or the outcome of its document."""


@dataclass(frozen=True, eq=False)
class ScoreTable:
    """Whole documents of a score table, in order."""

    table: pyarrow.Table

    @cached_property
    def segment(self) -> Int[np.ndarray, "rows"]:
        """The index of each row's segment in its document; `WHOLE` for the document's own row."""
        return np.asarray(arrow.to_numpy(self.table["segment"]))

    @cached_property
    def starts(self) -> Int[np.ndarray, "documents"]:
        """The row of each document itself; its segments follow it."""
        return np.flatnonzero(self.segment == WHOLE)

    @cached_property
    def document(self) -> Int[np.ndarray, "rows"]:
        """The index of each row's document."""
        return np.cumsum(self.segment == WHOLE) - 1

    @cached_property
    def voiced(self) -> Bool[np.ndarray, "rows"]:
        """Whether a row is a segment that a voice says: neither a document's own row nor `MARKUP`."""
        import pyarrow
        import pyarrow.compute as compute

        markup = compute.equal(self.table["voice"].cast(pyarrow.string()), MARKUP).fill_null(False)
        return np.asarray((self.segment != WHOLE) & ~arrow.to_numpy(markup))

    @cached_property
    def harm(self) -> Float[np.ndarray, "rows"]:
        """The highest harm probability of each row over all categories; NaN where none was scored."""
        highest: np.ndarray = np.full(self.table.num_rows, np.nan)
        for name in self.table.column_names:
            if name.startswith(HARM):
                highest = np.fmax(highest, arrow.to_numpy(self.table[name]))
        return highest

    def heads(self, name: str) -> list[str]:
        """A column of the documents' own rows; empty texts where it is null."""
        return [value or "" for value in self.table[name].take(self.starts).to_pylist()]


@dataclass(frozen=True, eq=False)
class DecidedTable(ScoreTable):
    """Whole documents of a score table, in order, and the decisions on them, in `decision_schema`."""

    decided: pyarrow.Table
    policy: Policy

    @cached_property
    def fate(self) -> Int[np.ndarray, "rows"]:
        """What becomes of each row, as an index into `FATES`; an action counts where it meets a character."""
        outcomes = self.decided["outcome"].to_pylist()
        of_document = np.array([FATES.index(outcome) for outcome in outcomes], dtype=np.int64)
        found = of_document[self.document] if len(outcomes) else np.zeros(0, dtype=np.int64)
        actions = {rule.name: FATES.index(rule.do) for rule in self.policy.segments}
        for number, spans in self.spans():
            for span in spans if outcomes[number] == "keep" else ():
                rows = self.starts[number] + 1 + np.array(span["segments"], dtype=np.int64)
                found[rows] = np.maximum(found[rows], actions[span["rule"]])
        return found

    def spans(self) -> Iterator[tuple[int, list[dict[str, Any]]]]:
        """The number of each document on which a rule acts, and its decided spans."""
        for number in np.flatnonzero(arrow.to_numpy(self.decided["spans"].is_valid())).tolist():
            yield number, self.decided["spans"][number].as_py()


def read_tables(path: str | Path) -> Iterator[ScoreTable]:
    """The documents of a Parquet file of scores, in order; raises `BadRows` as `read_scores` does."""
    for table in score_tables(Path(path)):
        yield ScoreTable(table)


def decided_tables(policy: Policy, path: str | Path) -> Iterator[DecidedTable]:
    """The documents of a Parquet file of scores with their decisions; raises `BadRows` as `read_scores`."""
    for table in score_tables(Path(path)):
        yield DecidedTable(table, decide_table(policy, table, path), policy)


def score_files(place: str | Path) -> tuple[Path, ...]:
    """The Parquet files of scores that a path means, in order: of a finished folder of scores, or the file.

    Raises `UsageError` when there are none, and when the folder is not finished or a shard is damaged.
    """
    place = Path(place)
    if (place / PLAN).is_file():
        return tuple(path for _, path in ScoreFolder(place).scored())
    found = (place,) if place.is_file() else tuple(sorted(place.glob("shards/[!.]*/scores.parquet")))
    if not found:
        raise UsageError(
            f"{place} holds no scores", right="a folder that `eudaimon curate score` wrote, or a Parquet file"
        )
    return found


def scores_hash(place: str | Path) -> str:
    """A short hash of all that a finished folder of scores holds; empty for anything else."""
    manifest = Path(place) / MANIFEST
    return short_hash(read_json(manifest)) if manifest.is_file() else ""
