"""What the data say of a hypothesis: supported, not supported or undecided, by rules fixed before the data.

A hypothesis says that arm a has more, or less, than arm b, or that it differs (then no sign is opposite). Its
verdict follows from three figures and nothing else: the interval of the difference, its p-value adjusted for
all hypotheses of the family, and two one-sided tests against the smallest difference that would matter
(`bound`).

| adjusted p | sign | equivalence test | verdict |
|---|---|---|---|
| at most alpha | as predicted | not equivalent | supported |
| at most alpha | as predicted | equivalent | not supported: real, but too small to matter |
| at most alpha | opposite | any | not supported |
| over alpha | any | equivalent | not supported |
| over alpha | any | not equivalent | undecided |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from eudaimon.core.errors import UsageError
from eudaimon.core.score import Score
from eudaimon.measure.hierarchical import N_RESAMPLES, contrast
from eudaimon.measure.inputs import rate
from eudaimon.measure.multiplicity import benjamini_hochberg, holm
from eudaimon.measure.paired import equivalent_paired
from eudaimon.measure.panel import Panel

Word: TypeAlias = Literal["supported", "not supported", "undecided"]
Direction: TypeAlias = Literal["more", "less", "different"]
Method: TypeAlias = Literal["holm", "benjamini-hochberg", "none"]
ADJUSTMENTS: Mapping[str, Callable[[ArrayLike], np.ndarray]] = {
    "holm": holm,
    "benjamini-hochberg": benjamini_hochberg,
    "none": lambda p_values: np.asarray(p_values, dtype=np.float64),
}


@dataclass(frozen=True)
class Hypothesis:
    """``a`` has more or less than ``b``, or differs; ``bound`` is the least difference that would matter."""

    name: str
    direction: Direction
    a: Panel
    b: Panel
    bound: float


@dataclass(frozen=True)
class Verdict:
    """A hypothesis decided: the ``word``, the figures that it follows from, and ``reasons`` in words.

    ``difference`` is a minus b with its 95 % interval; ``p`` is two-sided, ``p_adjusted`` by ``method`` over
    the ``n_tests`` of the family; ``p_equivalent`` is the larger of two one-sided p-values against ``bound``.
    """

    name: str
    word: Word
    direction: Direction
    difference: Score
    p: float
    p_adjusted: float
    method: Method
    n_tests: int
    bound: float
    p_equivalent: float
    alpha: float
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name}: {self.word}. {' '.join(self.reasons)}"


def verdicts(
    hypotheses: list[Hypothesis],
    *,
    method: Method = "holm",
    alpha: float = 0.05,
    crossed: bool = True,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> tuple[Verdict, ...]:
    """The verdict on each hypothesis of one family, by the paired bootstrap over seeds and questions.

    Raises `UsageError` without any hypothesis, where two have one name, and as `equivalent_paired`.
    """
    names = [one.name for one in hypotheses]
    if not names or len(set(names)) < len(names):
        raise UsageError(f"the family's names are {names}", right="at least one, each name once")
    found = [
        contrast(one.a, one.b, crossed=crossed, n_resamples=n_resamples, seed=seed) for one in hypotheses
    ]
    equal = [
        equivalent_paired(one.a, one.b, one.bound, crossed=crossed, n_resamples=n_resamples, seed=seed).p
        for one in hypotheses
    ]
    adjusted = ADJUSTMENTS[method]([one.p for one in found])
    return tuple(
        decide(
            one.name,
            one.direction,
            result.difference,
            result.p,
            float(p_adjusted),
            bound=one.bound,
            p_equivalent=p_equivalent,
            method=method,
            n_tests=len(names),
            alpha=alpha,
        )
        for one, result, p_adjusted, p_equivalent in zip(hypotheses, found, adjusted, equal, strict=True)
    )


def decide(
    name: str,
    direction: Direction,
    difference: Score,
    p: float,
    p_adjusted: float,
    *,
    bound: float,
    p_equivalent: float,
    method: Method,
    n_tests: int,
    alpha: float = 0.05,
) -> Verdict:
    """The verdict that follows from figures computed elsewhere, by the table of this module.

    ``p_equivalent`` is not adjusted: each hypothesis has one null of its own to reject. Raises `UsageError`
    where ``alpha`` is no rate.
    """
    differs, equal = p_adjusted <= rate(alpha, "alpha"), p_equivalent <= alpha
    as_predicted = direction == "different" or (difference.value > 0) == (direction == "more")
    word: Word
    if differs and as_predicted and not equal:
        word = "supported"
    elif equal or (differs and not as_predicted):
        word = "not supported"
    else:
        word = "undecided"
    family = f"adjusted by {method} for {n_tests} tests" if method != "none" else "not adjusted"
    side = "as predicted" if as_predicted else "opposite to the prediction"
    shown = "" if equal else "not "
    reasons = [
        f"The difference is {_signed(difference)}, {side} ({direction}).",
        f"It {'differs' if differs else 'is not shown to differ'} from zero (p {p_adjusted:.3g}, {family}).",
        f"It is {shown}shown to be smaller than {bound:g} either way (p {p_equivalent:.3g}).",
    ]
    if word == "undecided":
        reasons.append("More seeds or questions could decide it either way.")
    return Verdict(
        name=name,
        word=word,
        direction=direction,
        difference=difference,
        p=p,
        p_adjusted=p_adjusted,
        method=method,
        n_tests=n_tests,
        bound=bound,
        p_equivalent=p_equivalent,
        alpha=alpha,
        reasons=tuple(reasons),
    )


def _signed(score: Score) -> str:
    if score.low is None or score.high is None:
        return f"{score.value:+.3f}"
    return f"{score.value:+.3f} [{score.low:+.3f}, {score.high:+.3f}]"
