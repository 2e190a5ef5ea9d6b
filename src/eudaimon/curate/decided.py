"""Scores beside what a policy makes of them, table by table: what audits and cards read a corpus with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from jaxtyping import Bool, Float, Int

from eudaimon.core.errors import BadRows, UsageError
from eudaimon.curate.decide import Decision
from eudaimon.curate.policy import Policy
from eudaimon.curate.redecide import decide_file
from eudaimon.curate.score_table import HARM, WHOLE, open_scores
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
        return np.asarray(self.table["segment"].to_numpy())

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
        return np.asarray((self.segment != WHOLE) & ~markup.to_numpy())

    @cached_property
    def harm(self) -> Float[np.ndarray, "rows"]:
        """The highest harm probability of each row over all categories; NaN where none was scored."""
        highest: np.ndarray = np.full(self.table.num_rows, np.nan)
        for name in self.table.column_names:
            if name.startswith(HARM):
                highest = np.fmax(highest, self.table[name].to_numpy())
        return highest

    def heads(self, name: str) -> list[str]:
        """A column of the documents' own rows; empty texts where it is null."""
        return [value or "" for value in self.table[name].take(self.starts).to_pylist()]


@dataclass(frozen=True, eq=False)
class DecidedTable(ScoreTable):
    """Whole documents of a score table, in order, and the decision on each."""

    decisions: tuple[Decision, ...]

    @cached_property
    def fate(self) -> Int[np.ndarray, "rows"]:
        """What becomes of each row, as an index into `FATES`; an action counts where it meets a character."""
        found = np.zeros(self.table.num_rows, dtype=np.int64)
        ends = np.append(self.starts[1:], self.table.num_rows)
        for decision, first, last in zip(self.decisions, self.starts, ends, strict=True):
            if decision.outcome != "keep":
                found[first:last] = FATES.index(decision.outcome)
            elif decision.spans:
                self._mark(found, decision, int(first), int(last))
        return found

    def _mark(self, found: np.ndarray, decision: Decision, first: int, last: int) -> None:
        rows = self.table.slice(first + 1, last - first - 1).select(["start", "end", "voice", "parent"])
        places: dict[tuple[object, ...], list[int]] = {}
        for row, place in enumerate(zip(*(column.to_pylist() for column in rows), strict=True), first + 1):
            places.setdefault(place, []).append(row)
        for span in decision.spans:
            for scores in span.scores:
                place = (scores.start, scores.end, scores.voice, scores.parent)
                for row in places.get(place, ()):
                    found[row] = max(found[row], FATES.index(span.action))


def score_tables(path: str | Path) -> Iterator[ScoreTable]:
    """The documents of a Parquet file of scores, in order, a row group at a time.

    Raises `BadRows` as `eudaimon.curate.read_scores` does, but for rows that are astray.
    """
    import pyarrow

    with open_scores(Path(path)) as file:
        rest: pyarrow.Table | None = None
        for group in range(file.num_row_groups):
            table = file.read_row_group(group)
            table = table if rest is None else pyarrow.concat_tables([rest, table], promote_options="default")
            starts = np.flatnonzero(table["segment"].to_numpy() == WHOLE)
            # The last document may go on in the next row group.
            final = group + 1 == file.num_row_groups or not len(starts)
            cut = table.num_rows if final else int(starts[-1])
            rest = table.slice(cut)
            if cut:
                yield ScoreTable(table.slice(0, cut))


def decided_tables(policy: Policy, path: str | Path) -> Iterator[DecidedTable]:
    """The documents of a Parquet file of scores with their decisions, in order, a row group at a time.

    Raises `BadRows` as `eudaimon.curate.read_scores` does, and when the file changes meanwhile.
    """
    decisions = decide_file(policy, path)
    for part in score_tables(path):
        mine = tuple(islice(decisions, len(part.starts)))
        if [decision.id for decision in mine] != part.heads("document"):
            raise BadRows(f"{path} changed while it was read", right="scores that nobody is writing")
        yield DecidedTable(part.table, mine)


def score_files(place: str | Path) -> tuple[Path, ...]:
    """The Parquet files of scores that a path means, in order: of a folder of scores, or the file itself.

    Raises `UsageError` when there are none.
    """
    place = Path(place)
    found = (place,) if place.is_file() else tuple(sorted(place.glob("shards/*/scores.parquet")))
    if not found:
        raise UsageError(
            f"{place} holds no scores", right="a folder that `eudaimon curate score` wrote, or a Parquet file"
        )
    return found
