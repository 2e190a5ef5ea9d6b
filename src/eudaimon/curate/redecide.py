"""Decisions on a whole file of scores: columns first, documents only where a rule may hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eudaimon.core.errors import BadRows
from eudaimon.curate.condition import When
from eudaimon.curate.decide import Decision, decide
from eudaimon.curate.policy import Policy
from eudaimon.curate.score_table import HARM, TRAIT, WHOLE, of_rows, open_scores
from eudaimon.curate.scores import DocumentScores
from eudaimon.curate.voices.turn import MARKUP

if TYPE_CHECKING:
    import pyarrow


def decide_file(policy: Policy, path: str | Path) -> Iterator[Decision]:
    """The decisions on all documents of a Parquet file of scores, in order: those of `decide`, sooner.

    Bounds are first compared column by column. A document in which no rule can hold, and nothing failed, is
    decided without being read further; most of a corpus is of this kind. Memory holds one row group. Raises
    `BadRows` as `eudaimon.curate.read_scores` does.
    """
    import pyarrow

    path = Path(path)
    with open_scores(path) as file:
        rest: pyarrow.Table | None = None
        for group in range(file.num_row_groups):
            table = file.read_row_group(group)
            table = table if rest is None else pyarrow.concat_tables([rest, table], promote_options="default")
            starts = np.flatnonzero(_numbers(table, "segment") == WHOLE)
            # The last document may go on in the next row group.
            whole = int(starts[-1]) if len(starts) and group + 1 < file.num_row_groups else table.num_rows
            yield from _decided(policy, path, table.slice(0, whole))
            rest = table.slice(whole)


def _decided(policy: Policy, path: Path, table: pyarrow.Table) -> Iterator[Decision]:
    if not table.num_rows:
        return
    segment = _numbers(table, "segment")
    starts = np.flatnonzero(segment == WHOLE)
    if not len(starts) or starts[0] != 0:
        raise BadRows(f"{path}: segments of a document are astray")
    document = np.cumsum(segment == WHOLE) - 1
    look = _failed(table) | _may_hold(policy, table)
    n_segments = _numbers(table, "n_segments")[starts]
    # A file that lacks rows is looked at too, so that it is refused.
    flagged = np.bincount(document, weights=look) > 0
    flagged |= np.bincount(document) - 1 != n_segments
    found = of_rows(path, table.filter(flagged[document]).to_pylist())
    heads = table.take(starts).select(["document", "span_hash", "source", "model"]).to_pylist()
    plain = decide(policy, DocumentScores(""))
    for head, closer in zip(heads, flagged, strict=True):
        if closer:
            yield decide(policy, next(found))
            continue
        name = head["document"]
        decision = decide(policy, DocumentScores(name)) if plain.reflection else plain
        yield replace(
            decision,
            id=name,
            source=head["source"] or "",
            model=head["model"] or "",
            text_hash=head["span_hash"] or "",
        )


def _may_hold(policy: Policy, table: pyarrow.Table) -> np.ndarray:
    """Whether any segment rule holds, or hangs on what was not scored, for each row."""
    rows: np.ndarray = _numbers(table, "segment") != WHOLE
    rows &= ~_is_in(table, "voice", (MARKUP,), null=False)
    found: np.ndarray = np.zeros(table.num_rows, dtype=bool)
    for rule in policy.segments:
        found |= _not_false(rule.when, table)
    return np.asarray(found & rows)


def _not_false(when: When, table: pyarrow.Table) -> np.ndarray:
    """Each row for which no stated bound fails: the columnwise twin of ``when.holds(...) is not False``."""
    possible: np.ndarray = np.ones(table.num_rows, dtype=bool)
    if when.harm is not None:
        names = [HARM + name for name in when.categories] or [
            n for n in table.column_names if n.startswith(HARM)
        ]
        values = [_numbers(table, name) for name in names]
        over = np.any([value >= when.harm for value in values], axis=0)
        missing = [np.isnan(value) for value in values]
        possible &= over | (np.any(missing, axis=0) if when.categories else np.all(missing, axis=0))
    for axis in ("severity", "hazard"):
        bound = getattr(when, axis)
        if bound is not None:
            possible &= ~(_numbers(table, axis) < bound)
    for axis in ("stance", "frame", "subject"):
        allowed = getattr(when, axis)
        if allowed:
            possible &= _is_in(table, axis, allowed, null=True)
    if when.any_trait:
        possible &= np.any([~(_numbers(table, TRAIT + n) < b) for n, b in when.any_trait.items()], axis=0)
    for name, bound in when.no_trait.items():
        possible &= ~(_numbers(table, TRAIT + name) >= bound)
    return possible


def _failed(table: pyarrow.Table) -> np.ndarray:
    return ~_is_in(table, "error", ("",), null=True)


def _numbers(table: pyarrow.Table, name: str) -> np.ndarray:
    """A column as numbers, NaN where it is null."""
    return np.asarray(table[name].to_numpy())


def _is_in(table: pyarrow.Table, name: str, values: tuple[str, ...], *, null: bool) -> np.ndarray:
    import pyarrow
    import pyarrow.compute as compute

    column: Any = table[name].cast(pyarrow.string())
    inside = compute.is_in(column, value_set=pyarrow.array(values, pyarrow.string())).to_numpy()
    return np.asarray(inside | column.is_null().to_numpy() if null else inside)
