"""What a study of attacks stores about the price of safety: costs, fronts, and doses that turn half."""

from __future__ import annotations

from eudaimon.core import Score
from eudaimon.measure.hierarchical import SeededScore
from eudaimon.monitor.records import Record


class CostRow(Record):
    """One metric of a cost of safety in one arm, and what the arm differs by from ``reference``.

    ``unit`` and ``better`` (``higher``, ``lower``, or empty for what is only told) are the metric's.
    ``difference`` is paired by seed and question; None for the reference itself. ``p`` is two-sided and
    adjusted over all arms and costs, and only there for the metric that ``stands`` for its cost.
    ``p_equivalent`` is of two one-sided tests against ``bound``, None where no bound is stated.
    """

    row: str
    cost: str
    metric: str
    unit: str
    better: str
    stands: bool
    score: Score
    n_seeds: int
    reference: str = ""
    difference: Score | None = None
    p: float | None = None
    p_holm: float | None = None
    bound: float | None = None
    p_equivalent: float | None = None


class FrontPoint(Record):
    """One arm in two measures; ``probability`` is the share of resamples in which no other arm beats it."""

    row: str
    x: SeededScore
    y: SeededScore
    on_front: bool
    probability: float


class Front(Record):
    """Arms by capability (``x``, more is better) and harm (``y``, less is better), both said in words.

    ``n_attacks`` are counted, each at its largest budget.
    """

    key: str
    x: str
    y: str
    n_attacks: int = 0
    points: tuple[FrontPoint, ...]


class HalfDose(Record):
    """The dose at which mean harm reaches ``level`` while coherence is at least ``floor``, in one arm.

    ``dose`` is None where it does not up to ``last``, the largest dose that counts; an end of the interval
    is None where it is censored. ``reached`` is the share of resamples that get there, ``most`` the largest
    mean harm at a dose that counts. ``note`` says why there is nothing at all.
    """

    row: str
    column: str
    dose: float | None = None
    low: float | None = None
    high: float | None = None
    reached: float = 0.0
    most: float = 0.0
    last: float = 0.0
    level: float
    floor: float
    n: int
    n_seeds: int
    note: str = ""


class Told(Record):
    """A part of a page in plain words: what it is about, and its sentences."""

    heading: str
    sentences: tuple[str, ...]
