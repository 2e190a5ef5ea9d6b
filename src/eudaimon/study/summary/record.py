"""From the rows of a study to its record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from eudaimon.core.errors import UsageError
from eudaimon.monitor.records import RunInfo
from eudaimon.study.records import Cell, Proof, RowName, StepCost, StudyRecord, TownMonitors, TurnRow
from eudaimon.study.summary.compare import N_RESAMPLES, Bound, Tests, cells, contrasts, equivalences
from eudaimon.study.summary.curves import curves
from eudaimon.study.summary.hypotheses import Predicted, hypotheses
from eudaimon.study.summary.known import known_answers
from eudaimon.study.summary.phases import phases
from eudaimon.study.summary.places import END, Place, panels

if TYPE_CHECKING:
    from eudaimon.evaluate.rows import Row


@dataclass(frozen=True)
class Layout:
    """How rows become a study's table: which fields of a cell are row and column, and what is compared."""

    study: str
    question: str
    row_field: str
    column_field: str
    rows: tuple[RowName, ...]
    columns: tuple[RowName, ...]
    primary: str = "harm"
    scope: str = "other"
    scopes: Callable[[Row], tuple[str, ...]] = lambda row: (str(row.cell.get("scope", "all")),)
    """The scopes of questions that a row belongs to."""
    left_out: frozenset[str] = frozenset()
    """Metrics that the report does not show."""
    compared: tuple[str, ...] = ()
    """Columns whose primary metric is compared; empty for all."""
    references: tuple[str, ...] = ()
    bounds: tuple[Bound, ...] = ()
    predictions: tuple[Predicted, ...] = ()
    """What the study predicted before it ran."""
    headline: Callable[[Sequence[Cell]], str] = lambda cells: ""
    """What the cells say, in one sentence."""
    notes: tuple[str, ...] = ()

    def places(self, row: Row) -> tuple[Place, ...]:
        """Where a row stands, once for each of its scopes; nowhere when it is in no row or column."""
        name, column = str(row.cell.get(self.row_field)), str(row.cell.get(self.column_field))
        if name not in self._names[0] or column not in self._names[1] or row.metric in self.left_out:
            return ()
        step = END if row.step is None else row.step
        return tuple(Place(name, column, scope, row.metric, step) for scope in self.scopes(row))

    @cached_property
    def _names(self) -> tuple[frozenset[str], frozenset[str]]:
        return frozenset(row.key for row in self.rows), frozenset(column.key for column in self.columns)


def study_record(
    rows: Iterable[Row],
    layout: Layout,
    run: RunInfo,
    *,
    proofs: Sequence[Proof] = (),
    costs: Sequence[StepCost] = (),
    monitors: TownMonitors | None = None,
    turns: Sequence[TurnRow] = (),
    options: dict[str, Any] | None = None,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> StudyRecord:
    """The record of a study, from its rows; raises `UsageError` when no row belongs to its table."""
    found = panels(rows, layout.places)
    if not found:
        raise UsageError(
            f"there is no row of the study {layout.study}",
            right="finished cells",
            do=f"eudaimon study run {layout.study}",
        )
    tests = Tests(n_resamples, seed)
    table = cells(found, tests)
    transitions, differences = phases(
        found, metric=layout.primary, scope=layout.scope, references=layout.references, tests=tests
    )
    return StudyRecord(
        study=layout.study,
        question=layout.question,
        headline=layout.headline(table),
        run=run,
        rows=_present(layout.rows, {cell.row for cell in table}),
        columns=_present(layout.columns, {cell.column for cell in table}),
        primary=layout.primary,
        scope=layout.scope,
        cells=table,
        contrasts=contrasts(
            found,
            metric=layout.primary,
            scope=layout.scope,
            columns=layout.compared or tuple(column.key for column in layout.columns),
            references=layout.references,
            tests=tests,
        ),
        equivalences=equivalences(found, layout.bounds, references=layout.references, tests=tests),
        curves=curves(found, tests),
        transitions=transitions,
        transition_differences=differences,
        turns=tuple(turns),
        hypotheses=hypotheses(found, layout.predictions, tests),
        known_answers=known_answers(table, proofs, monitors),
        proofs=tuple(proofs),
        costs=tuple(costs),
        monitors=monitors,
        options=options or {},
        notes=(*layout.notes, *_few(max(cell.n_seeds for cell in table))),
    )


def _present(names: tuple[RowName, ...], keys: set[str]) -> tuple[RowName, ...]:
    return tuple(name for name in names if name.key in keys)


def _few(n_seeds: int) -> tuple[str, ...]:
    if n_seeds == 1:
        return ("There is one seed: the intervals cover questions, not the luck of one training run.",)
    if n_seeds < 5:
        return (f"There are {n_seeds} seeds: the intervals over so few training runs are too narrow.",)
    return ()
