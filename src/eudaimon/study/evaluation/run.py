"""An evaluation from its plan to its record: resumable, and complete about what is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from eudaimon.core.errors import UsageError
from eudaimon.core.identity import short_hash
from eudaimon.core.text import plain_text
from eudaimon.evaluate.attack.attack import Attack, Target
from eudaimon.evaluate.battery.costs import cost_notes, run_costs
from eudaimon.evaluate.battery.judge_free import Texts, Told, judge_free_notes, run_judge_free
from eudaimon.evaluate.battery.record import (
    BatteryRecord,
    CostNote,
    GapNote,
    JudgeFreeNote,
    SubjectNote,
    WatcherNote,
)
from eudaimon.evaluate.battery.run import Done, parts, run_parts
from eudaimon.evaluate.rows import Label, Row, Rows, write_rows
from eudaimon.evaluate.watch.ground import identity, watched
from eudaimon.study.designs.good_personas import CONDITION, GoodPersonasOptions
from eudaimon.study.driver import Event
from eudaimon.study.evaluation.record import evaluation_record
from eudaimon.study.evaluation.subjects import Given, raise_arms
from eudaimon.study.town.options import RAW

if TYPE_CHECKING:
    from eudaimon.evaluate.attack.ground import Ground
    from eudaimon.evaluate.cost.cost import Cost
    from eudaimon.evaluate.cost.open import OpenCosts
    from eudaimon.evaluate.judge_free.matched import Matched
    from eudaimon.evaluate.judge_free.separability import LayerSeparability
    from eudaimon.evaluate.town.ground import TownGround
    from eudaimon.evaluate.watch.watcher import Watcher
    from eudaimon.models.adapters.opening import SubjectModel
    from eudaimon.models.model import Model
    from eudaimon.study.evaluation.watched import Watching

ROWS = "rows.parquet"


@dataclass(frozen=True)
class Evaluation:
    """What is asked of whom: subjects, attacks, seeds, and either open questions or the town.

    ``open_ground`` are questions with a judge; None: each subject is asked about the town of ``town``. An arm
    of the town is raised from each of ``seeds`` and attacked with that seed; a model that is brought is
    attacked with each. ``raw`` is where the persona was formed; empty: the town's raw arm, for its arms.
    ``costs`` are read of the town, or of ``open_costs`` for open questions. With ``judge_free`` what
    needs no judge is read too, of ``pairs`` of texts, or of the town where there are none. ``models`` is
    where arms are raised, ``how`` says how answers to open questions are drawn. ``watching`` is a monitor
    inside the attacks.
    """

    subjects: tuple[Given, ...]
    attacks: tuple[Attack, ...]
    folder: Path
    town: GoodPersonasOptions
    models: Path
    seeds: tuple[int, ...] = (0,)
    budgets: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    open_ground: Ground | None = None
    how: str = ""
    raw: str = ""
    costs: tuple[Cost, ...] = ()
    open_costs: OpenCosts | None = None
    watching: Watching | None = None
    pairs: tuple[Matched, ...] = ()
    judge_free: bool = False
    command: str = ""
    n_resamples: int = 1000

    def __post_init__(self) -> None:
        names = [one.name for one in self.subjects]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice or not names:
            raise UsageError(
                f"{twice[0]} stands twice" if twice else "there is no subject", right="each subject once"
            )


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
    raised = raise_arms(_arms(plan), plan.seeds, plan.models, plan.town, watch)
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
            model = _opened(given, seed, raised)
            ground = plan.open_ground or _town(plan, given)
            grounds[given.name] = ground
            hashes.append(model.subject.hash if model.subject else "")
            watcher = None
            if plan.watching:
                watcher, differs = plan.watching.watcher(model, ground)
                watchers.append(plan.watching.note(given.name, seed or 0, watcher, differs))
            raw = _raw(plan, given, seed, raised)
            done = _attacked(plan, given, seed, model, ground, raw, watcher, said)
            own.append(done.rows)
            cost = _paid(plan, given, seed, model, ground)
            paid += cost.rows
            told = _without_judge(plan, given, seed, model, ground)
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


def _attacked(
    plan: Evaluation,
    given: Given,
    seed: int | None,
    model: SubjectModel,
    ground: Ground,
    raw: Model | None,
    watcher: Watcher | None,
    said: Callable[[str], None],
) -> Done:
    folder = _folder(plan, given, seed)
    town = plan.open_ground is None
    wanted = parts(
        plan.attacks, seeds=plan.seeds if seed is None else (seed,), budgets=plan.budgets, town=town
    )
    about = {"subject": model.subject.hash if model.subject else "", "ground": _identity(ground, plan.how)}
    if watcher is not None:
        about["monitor"] = identity(watcher)
        ground = watched(ground, watcher)
    label = Label(study="evaluate", cell={"subject": given.name}, seed=seed or 0)
    return run_parts(
        Target(model, ground, folder, raw),
        wanted,
        label=label,
        about=about,
        watch=lambda what: said(f"{given.name} {what}"),
    )


def _paid(plan: Evaluation, given: Given, seed: int | None, model: SubjectModel, ground: Ground) -> Done:
    """The costs of a subject; of open questions none without `open_costs`."""
    where = cast("TownGround", ground) if plan.open_ground is None else plan.open_costs
    if where is None:
        return Done(Rows.of([]), ())
    label = Label(study="evaluate", cell={"subject": given.name}, seed=seed or 0)
    return run_costs(model, where, plan.costs, _folder(plan, given, seed), label=label)


def _without_judge(
    plan: Evaluation, given: Given, seed: int | None, model: SubjectModel, ground: Ground
) -> Told:
    """Likelihoods and separability of a subject; of open questions none without pairs of texts."""
    if not plan.judge_free or (plan.open_ground is not None and not plan.pairs):
        return Told(Rows.of([]), (), ())
    texts = Texts.of(plan.pairs) if plan.pairs else Texts.of_town(cast("TownGround", ground))
    label = Label(study="evaluate", cell={"subject": given.name}, seed=seed or 0)
    return run_judge_free(model, texts, _folder(plan, given, seed), label=label)


def _folder(plan: Evaluation, given: Given, seed: int | None) -> Path:
    name = given.name.replace("/", "_")
    return plan.folder / "subjects" / (name if seed is None else f"{name}-{seed}")


def _arms(plan: Evaluation) -> tuple[str, ...]:
    arms = [given.arm for given in plan.subjects if given.arm]
    return tuple(dict.fromkeys([*arms, *([RAW] if arms and not plan.raw else [])]))


def _opened(given: Given, seed: int | None, raised: Mapping[tuple[str, int], str]) -> SubjectModel:
    from eudaimon.evaluate.provider.opening import open_words

    return open_words(given.checkpoint if seed is None else raised[given.arm, seed], given.adapters)


def _raw(
    plan: Evaluation, given: Given, seed: int | None, raised: Mapping[tuple[str, int], str]
) -> Model | None:
    from eudaimon.models.load import load

    if plan.raw:
        return load(plan.raw)
    return load(raised[RAW, seed]) if given.arm and seed is not None else None


def _town(plan: Evaluation, given: Given) -> Ground:
    from eudaimon.evaluate.town.ground import TownGround

    return TownGround(plan.town.world, condition=CONDITION.get(given.arm, ""))


def _identity(ground: Ground, how: str) -> str:
    """What the answers depend on beside the subject: what is asked, by whom it is judged, how it is drawn."""
    asked = [[case.question, plain_text(case.text)] for case in ground.cases()]
    return f"{ground.name} {short_hash(asked)} {how}".strip()


def _together(tables: Sequence[Rows]) -> Rows:
    whole = Rows.of([])
    for table in tables:
        whole = whole + table
    return whole
