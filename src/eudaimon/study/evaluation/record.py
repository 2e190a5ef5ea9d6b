"""What an evaluation found, gathered from the rows of its subjects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from eudaimon import __version__
from eudaimon.evaluate.attack.attack import Attack
from eudaimon.evaluate.battery.record import (
    AttackNote,
    BatteryRecord,
    CostNote,
    Dose,
    Extremes,
    GapNote,
    JudgeFreeNote,
    SubjectNote,
    VariantNote,
    WatcherNote,
    WatchNote,
)
from eudaimon.evaluate.battery.summary import doses, extremes, place_of
from eudaimon.evaluate.rows import Rows
from eudaimon.evaluate.watch.ground import JUDGE
from eudaimon.evaluate.watch.seen import seen
from eudaimon.evaluate.watch.summary import watch_scores
from eudaimon.study.evaluation.subjects import Given

if TYPE_CHECKING:
    from eudaimon.evaluate.attack.ground import Ground
    from eudaimon.study.evaluation.plan import Evaluation

QUESTION = "Can the bad persona be brought back, by any known route?"


def evaluation_record(
    plan: Evaluation,
    grounds: Mapping[str, Ground],
    found: Sequence[tuple[Given, Rows]],
    notes: Sequence[SubjectNote],
    gaps: Sequence[GapNote],
    costs: Sequence[CostNote],
    watchers: Sequence[WatcherNote],
    free: Sequence[JudgeFreeNote],
) -> BatteryRecord:
    """The record of a plan from the rows of each subject, and from what was noted along the way."""
    ground = next(iter(grounds.values()))
    controls = [(each.name, one.name) for each in plan.attacks for one in each.variants if one.control]
    worst: list[Extremes] = []
    curves: list[Dose] = []
    judges: set[str] = set()
    seen_by: list[WatchNote] = []
    for given, rows in found:
        own = [row for row in rows if row.judge != JUDGE]
        judges |= {row.judge for row in own}
        curves += doses(own, given.name, ground.harm, n_resamples=plan.n_resamples)
        over = extremes(own, given.name, ground.harm, controls=controls, n_resamples=plan.n_resamples)
        worst += [over] if over else []
        scores = watch_scores(seen(rows, place_of), controls, n_resamples=plan.n_resamples)
        seen_by += [WatchNote(subject=given.name, **vars(one)) for one in scores]
    return BatteryRecord(
        question=QUESTION,
        ground=ground.name,
        harm=ground.harm,
        judges=tuple(sorted(judges)),
        subjects=tuple(notes),
        attacks=tuple(_note(attack) for attack in plan.attacks),
        n_questions=len({case.question for case in ground.cases()}),
        seeds=plan.seeds,
        extremes=tuple(worst),
        doses=tuple(curves),
        gaps=tuple(gaps),
        costs=tuple(costs),
        watched=tuple(seen_by),
        watchers=tuple(watchers),
        judge_free=tuple(free),
        command=plan.command,
        versions={"eudaimon": __version__},
    )


def _note(attack: Attack) -> AttackNote:
    return AttackNote(
        name=attack.name,
        title=attack.title,
        models=attack.models,
        unit=attack.unit,
        source=attack.source,
        variants=tuple(
            VariantNote(name=one.name, what=one.what, control=one.control) for one in attack.variants
        ),
    )
