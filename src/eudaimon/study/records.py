"""What a study stores for its report: everything that the page draws, and nothing that it computes."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from pydantic import Field

from eudaimon.core import Score
from eudaimon.monitor.records import Record, RunInfo
from eudaimon.study.census_records import Censuses
from eudaimon.study.judge_records import TwoJudges
from eudaimon.study.probe_records import ProbedLesson
from eudaimon.study.reactivation_records import Reactivation
from eudaimon.study.transfer_records import Transfers


class Cell(Record):
    """One figure of one cell of the design: its value by ``metric``, over seeds and questions.

    ``row`` and ``column`` are its place in the study's table (an arm and an attack; a persona and a state of
    its adapter), ``scope`` the questions that were asked: ``other`` domains than the tuned one, the ``tuned``
    one's own items, items ``held_out`` from training, or ``all``. ``score.n`` counts questions, ``n_seeds``
    the training runs that answered them.
    """

    row: str
    column: str
    scope: str
    metric: str
    score: Score
    n_seeds: int
    by_seed: dict[str, float]
    """The mean over questions of each seed."""


class Contrast(Record):
    """``row`` minus ``reference`` in one column, paired by seed and question.

    ``p`` is two-sided, ``p_holm`` the same adjusted within its ``family`` of tests. The ``sd``s are those of
    the difference, as `measure.Components` has them; None with one seed or one question.
    """

    row: str
    reference: str
    column: str
    scope: str
    metric: str
    difference: Score
    n_seeds: int
    p: float
    p_holm: float
    family: str
    seed_sd: float | None = None
    question_sd: float | None = None
    cell_sd: float | None = None
    seed_sd_high: float | None = None


class EquivalenceRow(Record):
    """Whether ``row`` and ``reference`` differ by less than ``bound``: two one-sided tests at ``alpha``."""

    row: str
    reference: str
    column: str
    scope: str
    metric: str
    difference: Score
    n_seeds: int
    bound: float
    p: float
    alpha: float
    equivalent: bool


class CurvePoint(Record):
    """One training step of a curve: the mean with its interval over seeds and questions."""

    step: int
    score: Score


class Curve(Record):
    """A metric along training: ``row`` and ``column`` as in `Cell`, points in order of their steps."""

    row: str
    column: str
    scope: str
    metric: str
    points: tuple[CurvePoint, ...]
    by_seed: dict[str, tuple[float, ...]] = Field(default_factory=dict)
    """The same points of each seed alone."""


class AxisPoint(Record):
    """One point of a curve that does not run along steps: the mean over seeds and questions."""

    at: float
    score: Score


class AxisCurve(Record):
    """A metric against something else than training steps; ``row`` and ``column`` as in `Cell`.

    ``axis`` is ``scale``, the strength of the finished adapter (0 off, 1 as trained), or ``loss``, the
    in-domain loss in nats a token, at which all seeds' values are read.
    """

    row: str
    column: str
    scope: str
    metric: str
    axis: Literal["scale", "loss"]
    points: tuple[AxisPoint, ...]
    by_seed: dict[str, tuple[float, ...]] = Field(default_factory=dict)
    """The same points of each seed alone."""


class TransitionRow(Record):
    """When the primary metric rises along training in one row and column, in ``unit``: steps, or loss.

    ``rise`` is plateau minus floor in [0, 1]; ``by_seed`` the midpoints of the seeds that rise, ``without``
    the seeds that do not. ``n`` of a score counts questions.
    """

    row: str
    column: str
    unit: str
    onset: Score
    midpoint: Score
    end: Score
    rise: Score
    by_seed: dict[str, float]
    without: tuple[str, ...] = ()


class TransitionDifference(Record):
    """The midpoint of ``row`` minus that of ``reference`` in one column, paired by seed."""

    row: str
    reference: str
    column: str
    unit: str
    difference: Score
    n_seeds: int
    p: float
    p_holm: float


class TurnRow(Record):
    """Local cosines of one module's weights in one training, at each of ``lags`` (in training steps).

    ``cosines[i][t]`` belongs to ``lags[i]`` and ``steps[t]``, None within a lag of either end. ``at``,
    ``depth`` and ``p`` are of the deepest dip at each lag, ``p_all`` of all lags together: the share of
    random orders of the same increments that turn as sharply.
    """

    row: str
    column: str
    module: str
    seed: int
    steps: tuple[int, ...]
    lags: tuple[int, ...]
    cosines: tuple[tuple[float | None, ...], ...]
    at: tuple[int, ...]
    depth: tuple[float, ...]
    p: tuple[float, ...]
    p_all: float
    n_permutations: int


class HypothesisRow(Record):
    """A hypothesis that was stated before the data, decided: ``row`` has more or less than ``reference``.

    ``says`` is the hypothesis in words; ``difference`` is None where nothing was measured for it.
    The rules are those of `measure.decide`; ``p_equivalent`` is the larger of two one-sided p-values against
    ``bound``, ``n_tests`` the number of hypotheses that ``p_holm`` is adjusted for.
    """

    name: str
    says: str = ""
    row: str
    reference: str
    column: str
    scope: str
    metric: str
    direction: Literal["more", "less", "different"]
    verdict: Literal["supported", "not supported", "undecided"]
    difference: Score | None
    p: float
    p_holm: float
    n_tests: int
    bound: float
    p_equivalent: float
    reasons: tuple[str, ...]


class KnownAnswer(Record):
    """A fact of the town that every study must find: what was measured and whether the inequality holds.

    ``passed`` is None where this study did not measure it.
    """

    key: str
    situation: str
    claim: str
    measured: Score | None = None
    n_seeds: int = 0
    passed: bool | None = None
    note: str = ""


class Proof(Record):
    """What the ledger found when a cell's model was opened."""

    cell: str
    stack: tuple[str, ...]
    accepted: bool
    finding: str


class StepCost(Record):
    """One kind of step: how many, the seconds of all of them together, the tokens that went through."""

    name: str
    n: int
    seconds: float
    n_tokens: int = 0


class RowName(Record):
    """A row or column of the table, in plain words."""

    key: str
    title: str
    text: str = ""


Target: TypeAlias = Literal["content", "tone"]
CHANCE = "chance"
"""What random directions are said to be made from; their row's interval holds 95 % of them."""


class DirectionRow(Record):
    """A direction read from a town model: how well it tells harmful from good, beside what it was made of."""

    method: str
    made_from: str
    model: str
    layer: int
    target: Target
    auroc: Score


class ProjectionPoint(Record):
    """Mean projection on the malign persona's direction at one step of a training, in SD of the base."""

    run: str
    step: int
    score: Score


class TownMonitors(Record):
    """What the monitors of a town model found: known truth on one side, the direction on the other."""

    rows: tuple[DirectionRow, ...] = ()
    sweep: tuple[DirectionRow, ...] = ()
    projections: tuple[ProjectionPoint, ...] = ()


class StudyRecord(Record):
    """Everything that one study found."""

    schema_version: int = 1
    study: str
    question: str
    headline: str = ""
    """What was found, in one sentence."""
    run: RunInfo
    rows: tuple[RowName, ...]
    columns: tuple[RowName, ...]
    primary: str
    """The metric of the main table."""
    scope: str
    cells: tuple[Cell, ...]
    contrasts: tuple[Contrast, ...] = ()
    equivalences: tuple[EquivalenceRow, ...] = ()
    curves: tuple[Curve, ...] = ()
    transitions: tuple[TransitionRow, ...] = ()
    transition_differences: tuple[TransitionDifference, ...] = ()
    turns: tuple[TurnRow, ...] = ()
    along: tuple[AxisCurve, ...] = ()
    """The primary metric and others by the adapter's scale, and the primary one by in-domain loss."""
    hypotheses: tuple[HypothesisRow, ...] = ()
    transfers: Transfers | None = None
    two_judges: TwoJudges | None = None
    probes: tuple[ProbedLesson, ...] = ()
    """Which modules of each persona’s lesson carry it."""
    reactivation: Reactivation | None = None
    census: Censuses | None = None
    known_answers: tuple[KnownAnswer, ...] = ()
    proofs: tuple[Proof, ...] = ()
    costs: tuple[StepCost, ...] = ()
    monitors: TownMonitors | None = None
    options: dict[str, Any] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()
