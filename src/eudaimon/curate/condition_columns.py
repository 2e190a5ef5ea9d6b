"""When rules hold, for all segments of a table at once: the columnwise twin of `When.holds`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from jaxtyping import Bool, Float, Int

from eudaimon.curate import arrow
from eudaimon.curate.condition import When
from eudaimon.curate.decide import lacking_reason
from eudaimon.curate.policy import Policy
from eudaimon.curate.score_table import HARM, TRAIT
from eudaimon.curate.settle import NO_RULE, Ranks

if TYPE_CHECKING:
    import pyarrow

Known: TypeAlias = tuple[np.ndarray, np.ndarray]
"""For each row whether it holds, and whether that is unknown; never both."""


class Columns:
    """The columns of a score table as arrays, each converted when it is first asked for."""

    def __init__(self, table: pyarrow.Table) -> None:
        self.table = table.unify_dictionaries().combine_chunks()
        self._numbers: dict[str, np.ndarray] = {}
        self._codes: dict[str, tuple[np.ndarray, list[str | None]]] = {}

    @property
    def names(self) -> list[str]:
        """The names of all columns."""
        return list(self.table.column_names)

    def numbers(self, name: str) -> Float[np.ndarray, " rows"] | Int[np.ndarray, " rows"]:
        """A column of numbers, NaN where it is null."""
        if name not in self._numbers:
            self._numbers[name] = arrow.to_numpy(self.table[name])
        return self._numbers[name]

    def codes(self, name: str) -> tuple[Int[np.ndarray, " rows"], list[str | None]]:
        """A column of names as numbers into the list of names; null is the last of them, None."""

        if name not in self._codes:
            self._codes[name] = arrow.codes_of(self.table[name])
        return self._codes[name]

    def among(self, name: str, wanted: Sequence[str | None]) -> Bool[np.ndarray, " rows"]:
        """Whether a column of names holds one of those wanted; None stands for null."""
        codes, values = self.codes(name)
        return np.asarray(np.array([value in wanted for value in values], dtype=bool)[codes])


def columns_of(policy: Policy, names: Sequence[str]) -> list[str]:
    """Those of the names of columns that deciding by this policy reads."""
    wanted = {"document", "segment", "n_segments", "start", "end", "parent", "voice", "error"}
    wanted |= {"span_hash", "source", "model"}
    for rule in policy.segments:
        when = rule.when
        if when.harm is not None:
            wanted |= {HARM + c for c in when.categories} or {n for n in names if n.startswith(HARM)}
        wanted |= {axis for axis in ("severity", "hazard") if getattr(when, axis) is not None}
        wanted |= {axis for axis in ("stance", "frame", "subject") if getattr(when, axis)}
        wanted |= {TRAIT + name for name in (*when.any_trait, *when.no_trait)}
    return [name for name in names if name in wanted]


def matching_ranks(
    policy: Policy, order: Ranks, columns: Columns, rows: Bool[np.ndarray, " rows"]
) -> tuple[Int[np.ndarray, " rows"], Bool[np.ndarray, " rows"]]:
    """The rank of the first rule that holds for each of ``rows``, and the rows that lack a score it asks for.

    As `eudaimon.curate.decide.matching_rule` says it of one segment; rows not asked for have `NO_RULE`.
    """
    found = np.full(len(rows), NO_RULE, dtype=np.int64)
    lacking = np.zeros(len(rows), dtype=bool)
    open_rows = np.array(rows)
    for number, rule in enumerate(policy.segments):
        holds, unknown = _holds(rule.when, columns, open_rows)
        if policy.not_scored == "error":
            lacking |= unknown & open_rows
        elif policy.not_scored == "holds":
            holds = holds | unknown
        holds &= open_rows
        found[holds] = order.of[number]
        open_rows &= ~holds & ~lacking
    return found, lacking


def lacking_reasons(policy: Policy, columns: Columns) -> list[str]:
    """What each of these rows lacks to be decided, as `eudaimon.curate.decide.matching_rule` says it.

    Empty for a row that lacks nothing.
    """
    n = columns.table.num_rows
    told = np.full(n, "", dtype=object)
    open_rows = np.ones(n, dtype=bool)
    for rule in policy.segments:
        found = list(_checks(rule.when, columns))
        certain = np.logical_and.reduce([holds for _, holds, _ in found])
        possible = np.logical_and.reduce([holds | unknown for _, holds, unknown in found])
        hit = open_rows & possible & ~certain
        pattern = np.zeros(n, dtype=np.int64)
        for k, (_, _, unknown) in enumerate(found):
            pattern |= unknown.astype(np.int64) << k
        for code in np.unique(pattern[hit]).tolist():
            axes = dict.fromkeys(axis for k, (axis, _, _) in enumerate(found) if code >> k & 1)
            told[hit & (pattern == code)] = lacking_reason(rule, axes)
        open_rows &= ~hit & ~certain
    return [str(each) for each in told]


def _holds(when: When, columns: Columns, rows: np.ndarray) -> Known:
    """Whether the condition holds for certain, and whether that is unknown, in Kleene's logic."""
    possible, certain = np.array(rows), np.array(rows)
    for _, holds, unknown in _checks(when, columns):
        possible &= holds | unknown
        certain &= holds
        if not possible.any():  # one bound that fails is enough
            break
    return certain, possible & ~certain


def _checks(when: When, columns: Columns) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Each stated bound against all rows, as `When.checks` has them: its axis, where it holds, where unknown.

    No row both holds and is unknown.
    """
    if when.harm is not None:
        names = [HARM + name for name in when.categories] or [n for n in columns.names if n.startswith(HARM)]
        over, missing = _any_over([(columns.numbers(name), when.harm) for name in names])
        if not when.categories:
            # A scorer need not know every category; one that knows none has not looked for harm.
            missing = np.logical_and.reduce([np.isnan(columns.numbers(name)) for name in names])
        yield "harm", over, missing & ~over
    for axis in ("severity", "hazard"):
        least = getattr(when, axis)
        if least is not None:
            values = columns.numbers(axis)
            yield axis, values >= least, np.isnan(values)
    for axis in ("stance", "frame", "subject"):
        allowed = getattr(when, axis)
        if allowed:
            yield axis, columns.among(axis, allowed), columns.among(axis, (None,))
    if when.any_trait:
        over, missing = _any_over([(columns.numbers(TRAIT + n), b) for n, b in when.any_trait.items()])
        yield "traits", over, missing & ~over
    if when.no_trait:
        over, missing = _any_over([(columns.numbers(TRAIT + n), b) for n, b in when.no_trait.items()])
        yield "traits", ~over & ~missing, missing & ~over


def _any_over(bounds: Sequence[tuple[np.ndarray, float]]) -> Known:
    """Whether any value is at or over its bound, and whether any value is missing."""
    over = np.logical_or.reduce([values >= least for values, least in bounds])
    missing = np.logical_or.reduce([np.isnan(values) for values, _ in bounds])
    return np.asarray(over), np.asarray(missing)
