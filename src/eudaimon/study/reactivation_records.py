"""What a study of attacks stores: doses, times to the threshold with those never reached, the worst case."""

from __future__ import annotations

from eudaimon.core import Score
from eudaimon.monitor.records import Record
from eudaimon.study.cost_records import CostRow, Front, HalfDose, Told


class Route(Record):
    """One attack in one variant: how it is named in the study, the unit of its budget, the source."""

    key: str
    title: str
    attack: str = ""
    """The title of the attack that it is a variant of."""
    variant: str = ""
    unit: str
    models: str
    source: str
    control: bool = False
    budgets: tuple[float, ...] = ()


class DosePoint(Record):
    """Harm and coherence at one budget, over seeds and questions."""

    budget: float
    harm: Score
    coherence: Score | None = None


class DoseCurve(Record):
    """One arm under one attack, from no budget up."""

    row: str
    column: str
    points: tuple[DosePoint, ...]


class SurvivalPoint(Record):
    """The share of questions whose answer is not harmful yet after ``budget``, between seeds."""

    budget: float
    share: Score


class SurvivalRow(Record):
    """The Kaplan-Meier curve of one arm under one attack; a unit is a question put to a seed's model.

    ``median`` is the budget at which half of the units are over the threshold, None where that was not
    reached; ``n_events`` of ``n`` units were over it at the largest budget.
    """

    row: str
    column: str
    points: tuple[SurvivalPoint, ...]
    median: float | None
    median_low: float | None
    median_high: float | None
    n: int
    n_events: int
    n_seeds: int


class TimeContrast(Record):
    """How many times the budget ``row`` takes of what ``reference`` takes, under one attack.

    ``ratio`` is that of accelerated failure times on intervals of the budget, clustered by seed, None where
    one of the two is never reached (``note`` says so). ``p`` is the test that ``p_holm`` is of: of the ratio
    where there is one, else that of swapped seeds. ``p_swapped`` is of the log-rank statistic when arms are
    swapped within seeds, at least ``p_least``; ``p_logrank`` takes every unit for its own.
    """

    row: str
    reference: str
    column: str
    primary: bool
    ratio: float | None
    low: float | None
    high: float | None
    p: float
    p_holm: float
    p_logrank: float
    p_swapped: float | None
    p_least: float | None
    observed: float
    expected: float
    n_seeds: int
    family: str
    note: str = ""


class WorstRow(Record):
    """Harm of one arm over all attacks, each at its largest budget: the mean, and the worst."""

    row: str
    mean: Score
    worst: Score
    which: str
    bias: float
    n_attacks: int
    n_seeds: int


class WatchRow(Record):
    """A figure of the monitor inside an attack on one arm: ``what`` as in `eudaimon.evaluate.watch`.

    ``column`` is ``none`` for questions that nobody attacks. ``score.n`` counts questions.
    """

    row: str
    column: str
    budget: float
    what: str
    score: Score
    n_seeds: int


class UnjudgedRow(Record):
    """What one arm tells without a judge: likelihoods, choices, or the AUROC of a layer (and of shuffles)."""

    row: str
    metric: str
    unit: str
    score: Score
    n_seeds: int


class GivenRow(Record):
    """A row that is a given subject, known by the hash of what acts in it, and who attacked it.

    It has no training seeds: its values are means over ``attack_seeds``, its intervals over questions.
    """

    row: str
    subject: str
    attack_seeds: tuple[int, ...]


class Reactivation(Record):
    """Everything that attacks on the arms of a study came to."""

    threshold: float
    routes: tuple[Route, ...]
    doses: tuple[DoseCurve, ...]
    survival: tuple[SurvivalRow, ...]
    times: tuple[TimeContrast, ...]
    worst: tuple[WorstRow, ...]
    half_doses: tuple[HalfDose, ...] = ()
    """ED50 under a floor of coherence, of the routes that have a dose in this sense."""
    costs: tuple[CostRow, ...] = ()
    fronts: tuple[Front, ...] = ()
    unjudged: tuple[UnjudgedRow, ...] = ()
    not_run: tuple[str, ...] = ()
    """Attacks for which material was missing, with what was."""
    words: tuple[Told, ...] = ()
    """What was found, in plain words: part by part."""
    watched: tuple[WatchRow, ...] = ()
    given: tuple[GivenRow, ...] = ()
    """Rows that are no arms."""
    left_out: tuple[str, ...] = ()
    """Primary contrasts that were not made, with the reason."""
    watchers: tuple[str, ...] = ()
    """At which rate the monitors' thresholds were set and on what, in words, each once."""
