"""From the rows of a study to its record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from eudaimon.core.errors import UsageError
from eudaimon.monitor.records import RunInfo
from eudaimon.study.records import (
    Cell,
    HypothesisRow,
    Proof,
    RowName,
    StepCost,
    StudyRecord,
    TownMonitors,
    TurnRow,
)
from eudaimon.study.summary.along import SCALE, along_loss, along_scale
from eudaimon.study.summary.compare import N_RESAMPLES, Bound, Tests, cells, contrasts, equivalences
from eudaimon.study.summary.curves import curves
from eudaimon.study.summary.hypotheses import hypotheses
from eudaimon.study.summary.known import known_answers
from eudaimon.study.summary.mixture import mixture_notes
from eudaimon.study.summary.phases import curve_lines, phases
from eudaimon.study.summary.places import END, WHOLE, Place, panels
from eudaimon.study.summary.predictions import NOTHING, Predictions
from eudaimon.study.summary.several import NO_TRANSFER, transfer_hypotheses, transition_hypotheses
from eudaimon.study.summary.transfers import NOTHING_TRIED, TriedDirections, transfers

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
    merged: frozenset[str] = frozenset()
    """Columns of cells with adapters merged into the weights: another pipeline than that of all others."""
    compared: tuple[str, ...] = ()
    """Columns whose primary metric is compared; empty for all."""
    references: tuple[str, ...] = ()
    apart: frozenset[str] = frozenset()
    """Rows whose seed is that of no training: they are compared with each other and with no other row."""
    bounds: tuple[Bound, ...] = ()
    predictions: Predictions = NOTHING
    """What the study predicted before it ran."""
    headline: Callable[[Sequence[Cell]], str] = lambda cells: ""
    """What the cells say, in one sentence."""
    notes: tuple[str, ...] = ()

    def places(self, row: Row) -> tuple[Place, ...]:
        """Where a row stands, once for each of its scopes; nowhere when it is in no row or column."""
        name, column = str(row.cell.get(self.row_field)), str(row.cell.get(self.column_field))
        if name not in self._names[0] or column not in self._names[1] or row.metric in self.left_out:
            return ()
        step, scale = END if row.step is None else row.step, row.cell.get(SCALE)
        scale = WHOLE if scale is None else float(scale)
        return tuple(Place(name, column, scope, row.metric, step, scale) for scope in self.scopes(row))

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
    tried: TriedDirections = NOTHING_TRIED,
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
    carried = transfers(
        tried.seeds,
        tried.kl_budget,
        tests,
        reference=(*layout.references, "")[0],
        measured_by=tried.measured_by,
    )
    lines = curve_lines(found, layout.primary, layout.scope)
    transitions, differences = phases(lines, references=layout.references, tests=tests)
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
            apart=layout.apart,
        ),
        equivalences=equivalences(
            found, layout.bounds, references=layout.references, tests=tests, apart=layout.apart
        ),
        curves=curves(found, tests),
        transitions=transitions,
        transition_differences=differences,
        turns=tuple(turns),
        along=(
            *along_scale(found, layout.scope, tests),
            *along_loss(lines, layout.primary, layout.scope, tests),
        ),
        hypotheses=(
            *hypotheses(found, layout.predictions.differences, tests),
            *transition_hypotheses(differences, layout.predictions.transitions),
            *transfer_hypotheses(
                carried.contrasts if carried else (),
                layout.predictions.transfers,
                tried.why or NO_TRANSFER,
            ),
        ),
        transfers=carried,
        known_answers=known_answers(table, proofs, monitors),
        proofs=tuple(proofs),
        costs=tuple(costs),
        monitors=monitors,
        options=options or {},
        notes=(
            *layout.notes,
            *mixture_notes(found, layout.primary, layout.scope),
            *_few([cell.n_seeds for cell in table if cell.row not in layout.apart]),
        ),
    )


def decided(rows: Iterable[Row], layout: Layout, tests: Tests) -> tuple[HypothesisRow, ...]:
    """The hypotheses that follow from judged cells alone: differences of cells, and transitions.

    Nothing without a row of the study's table.
    """
    found, predicted = panels(rows, layout.places), layout.predictions
    lines = curve_lines(found, layout.primary, layout.scope) if predicted.transitions else {}
    _, differences = phases(lines, references=layout.references, tests=tests)
    return (
        *hypotheses(found, predicted.differences, tests),
        *transition_hypotheses(differences, predicted.transitions),
    )


def _present(names: tuple[RowName, ...], keys: set[str]) -> tuple[RowName, ...]:
    return tuple(name for name in names if name.key in keys)


def _few(seeds: Sequence[int]) -> tuple[str, ...]:
    """A word of caution where rows have few training runs; of rows that have none other notes speak."""
    if not seeds:
        return ()
    n_seeds = max(seeds)
    if n_seeds == 1:
        return ("There is one seed: the intervals cover questions, not the luck of one training run.",)
    if n_seeds < 5:
        return (f"There are {n_seeds} seeds: the intervals over so few training runs are too narrow.",)
    return ()
