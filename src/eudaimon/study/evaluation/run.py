"""An evaluation from its plan to its record: resumable, and complete about what is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from eudaimon.evaluate.battery.costs import cost_notes
from eudaimon.evaluate.battery.judge_free import judge_free_notes
from eudaimon.evaluate.battery.record import (
    BatteryRecord,
    CostNote,
    GapNote,
    JudgeFreeNote,
    SubjectNote,
    WatcherNote,
)
from eudaimon.evaluate.rows import Row, Rows, write_rows
from eudaimon.study.driver import Event
from eudaimon.study.evaluation.one import One
from eudaimon.study.evaluation.plan import Evaluation
from eudaimon.study.evaluation.record import evaluation_record
from eudaimon.study.evaluation.subjects import Given, raise_arms

if TYPE_CHECKING:
    from eudaimon.evaluate.attack.ground import Ground
    from eudaimon.evaluate.judge_free.separability import LayerSeparability

ROWS = "rows.parquet"


def evaluate_subjects(
    plan: Evaluation,
    *,
    watch: Callable[[Event], None] | None = None,
    said: Callable[[str], None] = lambda _: None,
) -> BatteryRecord:
    """The record of all subjects; rows are in ``folder``, by subject and together.

    Goes on where it was stopped. What could not be run is in the record and nothing is raised for it; raises
    `UsageError` where the folder holds something else, and as opening a model does.
    """
    raised = raise_arms(plan.arms, plan.seeds, plan.models, plan.town, watch)
    rows: list[Rows] = []
    found: list[tuple[Given, Rows]] = []
    notes: list[SubjectNote] = []
    lost: list[CostNote] = []
    free: list[JudgeFreeNote] = []
    gaps: list[GapNote] = []
    watchers: list[WatcherNote] = []
    grounds: dict[str, Ground] = {}
    for given in plan.subjects:
        own: list[Rows] = []
        paid: list[Row] = []
        likely: list[Row] = []
        layers: list[tuple[int, LayerSeparability]] = []
        hashes: list[str] = []
        for seed in plan.seeds if given.arm else (None,):
            one = One.opened(plan, given, seed, raised)
            grounds[given.name] = one.ground
            hashes.append(one.hash)
            watcher = None
            if plan.watching:
                watcher, differs = plan.watching.watcher(one.model, one.ground)
                watchers.append(plan.watching.note(given.name, seed or 0, watcher, differs))
            done, cost, told = one.attacked(watcher, said), one.paid(), one.without_judge()
            own.append(done.rows)
            paid += cost.rows
            likely += told.rows
            layers += [(seed or 0, layer) for layer in told.layers]
            missing = (*done.gaps, *cost.gaps, *told.gaps)
            gaps += [GapNote(subject=given.name, **vars(gap)) for gap in missing]
        notes.append(SubjectNote(name=given.name, hashes=tuple(hashes)))
        lost += cost_notes(paid, given.name, n_resamples=plan.n_resamples)
        free += judge_free_notes(likely, layers, given.name, n_resamples=plan.n_resamples)
        together = _together(own)
        rows.append(together)
        found.append((given, together))
    write_rows(plan.folder / ROWS, _together(rows))
    return evaluation_record(plan, grounds, found, notes, gaps, lost, watchers, free)


def _together(tables: Sequence[Rows]) -> Rows:
    whole = Rows.of([])
    for table in tables:
        whole = whole + table
    return whole
