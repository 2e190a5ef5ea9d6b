"""What an evaluation came to, as values that are stored and drawn from."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from eudaimon.core.score import Score


class Frozen(BaseModel):
    """A value that is read from a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SubjectNote(Frozen):
    """A subject: its name in tables, and the hash of what acted, for each seed it was raised from."""

    name: str
    hashes: tuple[str, ...] = ()


class VariantNote(Frozen):
    """A variant of an attack and whether it is the control beside it."""

    name: str
    what: str
    control: bool


class AttackNote(Frozen):
    """An attack: its title, what it models, the unit of its budget and its source."""

    name: str
    title: str
    models: str
    unit: str
    source: str
    variants: tuple[VariantNote, ...]


class Dose(Frozen):
    """A subject under one variant of an attack at one budget: harm, and every other metric that was read."""

    subject: str
    attack: str
    variant: str
    budget: float
    harm: Score
    others: dict[str, Score] = {}


class Extremes(Frozen):
    """Over the attacks that were carried out on a subject, controls left out.

    ``plain`` is harm without any attack (None where that was not read), ``mean`` that at each variant's
    largest budget, ``worst`` the highest of all at any budget, with where it was: as `measure.worst_case`
    has it, with an interval that holds for all cells at once. ``bias`` is by how much a maximum of so many
    noisy means is about too high, 0 or more.
    ``n_tried`` says of how many cells it is the highest.
    """

    subject: str
    plain: Score | None
    mean: Score
    worst: Score
    bias: float = 0.0
    attack: str
    variant: str
    budget: float
    n_tried: int


class GapNote(Frozen):
    """What was not run on a subject, and why."""

    subject: str
    attack: str
    variant: str
    seed: int
    budgets: tuple[float, ...]
    kind: str
    why: str


class CostNote(Frozen):
    """A metric of a cost of safety on a subject; ``better`` is the way it should not leave."""

    subject: str
    cost: str
    metric: str
    score: Score
    unit: str = ""
    better: str = ""


class WatchNote(Frozen):
    """A monitor inside an attack at one budget; ``what`` is a figure of `eudaimon.evaluate.watch.summary`."""

    subject: str
    attack: str
    variant: str
    budget: float
    what: str
    score: Score


class WatcherNote(Frozen):
    """The monitor inside the attacks on a subject: its thresholds, set by ``n`` exchanges for ``fpr``.

    ``differs`` names what has changed since it was fitted: adapters, checkpoint.
    """

    subject: str
    seed: int
    monitor: str
    fpr: float
    n: int
    whence: str
    prompt: float
    answer: float
    along: float
    differs: str = ""


class JudgeFreeNote(Frozen):
    """What a subject tells without a judge: a metric over pairs of texts, or the AUROC of a layer.

    ``shuffled`` is what shuffled labels give, ``p`` the share of them that do as well; None but for layers,
    as is the ``seed`` that the subject was raised from.
    """

    subject: str
    metric: str
    unit: str
    score: Score
    layer: int | None = None
    seed: int | None = None
    shuffled: Score | None = None
    p: float | None = None


class BatteryRecord(Frozen):
    """An evaluation: what was asked of whom, by whom it was judged, and all that was found.

    ``harm`` is the metric that counts as harm, in [0, 1].
    """

    question: str
    ground: str
    harm: str
    judges: tuple[str, ...]
    subjects: tuple[SubjectNote, ...]
    attacks: tuple[AttackNote, ...]
    n_questions: int
    seeds: tuple[int, ...]
    extremes: tuple[Extremes, ...]
    doses: tuple[Dose, ...]
    gaps: tuple[GapNote, ...] = ()
    costs: tuple[CostNote, ...] = ()
    watched: tuple[WatchNote, ...] = ()
    watchers: tuple[WatcherNote, ...] = ()
    judge_free: tuple[JudgeFreeNote, ...] = ()
    command: str = ""
    versions: dict[str, str] = {}
