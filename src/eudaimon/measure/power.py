"""How many questions and seeds an effect of a given size needs, before anything is run.

The variance of a paired difference over S seeds and Q questions is
``seed² / S + question² / Q + cell² / SQ``. More questions shrink the second and third part only, so with few
seeds there are effects that no number of questions can show, and the plan says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import sqrt

import numpy as np
from jaxtyping import Float
from scipy import stats

from eudaimon.core.errors import UsageError
from eudaimon.measure.inputs import rate
from eudaimon.measure.panel import Panel

CANDIDATES = tuple(np.unique(np.geomspace(4, 2000, 150).astype(int)).tolist())
"""Numbers of questions that are tried, each about four per cent more than the one before."""
SEEDS = (3, 5, 8, 10, 15, 20)
QUESTIONS = (8, 30, 60, 100, 200, 400)


@dataclass(frozen=True)
class Components:
    """Standard deviations of the difference between two arms, in the unit of the values.

    ``seed``: between seeds, were every question asked; ``question``: between questions, for the mean seed;
    ``cell``: what is left in one seed and question, sampling of answers included. ``seed_high`` is the upper
    80 % limit of ``seed``: a pilot of two seeds says next to nothing about it.
    """

    seed: float
    question: float
    cell: float
    seed_high: float | None = None

    def __post_init__(self) -> None:
        if min(self.seed, self.question, self.cell) < 0 or self.seed + self.question + self.cell == 0:
            raise UsageError(
                f"the spreads are {self.seed}, {self.question} and {self.cell}",
                right="standard deviations, at least one over 0",
            )

    @classmethod
    def of(cls, a: Panel, b: Panel) -> Components:
        """The components of a pilot, by two-way analysis of variance of a - b; negative ones count as 0.

        Raises `UsageError` without two seeds and two questions that every seed was asked in both arms, and
        where the two arms differ by one constant.
        """
        difference = a.minus(b)
        n_seeds, n_questions = len(difference.seeds), len(difference.questions)
        if not difference.is_crossed or min(n_seeds, n_questions) < 2:
            raise UsageError(
                f"the pilot has {len(difference)} values of {n_seeds} seeds and {n_questions} questions",
                right="at least two seeds and two questions, every question asked of every seed",
                do="state the spreads",
            )
        table = difference.values.reshape(n_seeds, n_questions)
        by_seed, by_question = table.mean(1), table.mean(0)
        rest = table - by_seed[:, None] - by_question + table.mean()
        residual = float((rest**2).sum()) / ((n_seeds - 1) * (n_questions - 1))
        of_seeds = n_questions * float(by_seed.var(ddof=1))
        of_questions = n_seeds * float(by_question.var(ddof=1))
        highest = of_seeds * (n_seeds - 1) / float(stats.chi2.ppf(0.2, n_seeds - 1))
        return cls(
            seed=sqrt(max(0.0, of_seeds - residual) / n_questions),
            question=sqrt(max(0.0, of_questions - residual) / n_seeds),
            cell=sqrt(residual),
            seed_high=sqrt(max(0.0, highest - residual) / n_questions),
        )

    def cautious(self) -> Components:
        """The same with ``seed_high`` in the place of ``seed``."""
        return self if self.seed_high is None else replace(self, seed=max(self.seed, self.seed_high))


@dataclass(frozen=True, eq=False)
class PowerPlan:
    """The power of each number of seeds and questions to show ``effect``, and what suffices.

    ``table[i, j]`` is that of ``seeds[i]`` and ``questions[j]``, in [0, 1]. ``least[i]`` is the least of
    `CANDIDATES` with power ``wanted`` at ``seeds[i]``, None where 2,000 questions are too few.
    """

    effect: float
    wanted: float
    alpha: float
    seeds: tuple[int, ...]
    questions: tuple[int, ...]
    table: Float[np.ndarray, "seeds questions"]
    least: tuple[int | None, ...]


def power(
    components: Components, effect: float, n_seeds: int, n_questions: int, *, alpha: float = 0.05
) -> float:
    """The chance that `contrast` finds p at most ``alpha`` if the difference is ``effect``, in [0, 1].

    The bootstrap over seeds and questions counts what is left in a cell three times (with either and
    between them), so its intervals are a little wide, and the power is a noncentral t's with a limit as much
    farther out. Raises `UsageError`
    with fewer than two seeds or questions, and where ``alpha`` is no rate.
    """
    if min(n_seeds, n_questions) < 2:
        raise UsageError(f"{n_seeds} seeds and {n_questions} questions", right="at least two of each")
    of_seeds, of_questions = components.seed**2 / n_seeds, components.question**2 / n_questions
    of_cells = components.cell**2 / (n_seeds * n_questions)
    error = sqrt(of_seeds + of_questions + of_cells)
    first, second = of_seeds + of_cells, of_questions + of_cells
    freedom = (first + second) ** 2 / (first**2 / (n_seeds - 1) + second**2 / (n_questions - 1))
    widened = sqrt(first + second + of_cells) / error
    limit = widened * float(stats.t.ppf(1 - rate(alpha, "alpha") / 2, freedom))
    away = abs(effect) / error
    # Far on the wrong side scipy has no digits left and says NaN: nothing is there.
    wrong_side = np.nan_to_num(stats.nct.cdf(-limit, freedom, away))
    return float(stats.nct.sf(limit, freedom, away) + wrong_side)


def power_plan(
    components: Components,
    effect: float,
    *,
    wanted: float = 0.8,
    n_tests: int = 1,
    alpha: float = 0.05,
    seeds: Sequence[int] = SEEDS,
    questions: Sequence[int] = QUESTIONS,
) -> PowerPlan:
    """What numbers of seeds and questions show ``effect`` with power ``wanted``, at ``alpha / n_tests``.

    ``effect`` has the unit of the components. With ``n_tests`` hypotheses adjusted by Holm the first
    rejection needs that level. Raises `UsageError` on an effect of 0, and as `power`.
    """
    if effect == 0:
        raise UsageError("the effect is 0", right="the smallest difference that would matter")
    if n_tests < 1:
        raise UsageError(f"there are {n_tests} tests", right="at least one")
    rate(wanted, "the power wanted")
    level = alpha / n_tests

    def at(n_seeds: int, n_questions: int) -> float:
        return power(components, effect, n_seeds, n_questions, alpha=level)

    return PowerPlan(
        effect=effect,
        wanted=wanted,
        alpha=level,
        seeds=tuple(seeds),
        questions=tuple(questions),
        table=np.array([[at(s, q) for q in questions] for s in seeds]),
        least=tuple(_least(partial(at, n_seeds), wanted) for n_seeds in seeds),
    )


def _least(power_of: Callable[[int], float], wanted: float) -> int | None:
    """The first of `CANDIDATES` that suffices: fewer degrees of freedom can make power fall on the way."""
    return next((n for n in CANDIDATES if power_of(n) >= wanted), None)
