"""Means over seeds and questions, and what two arms differ by: the bootstrap that resamples both.

Samples of one question are no independent evidence, nor are the questions asked of one trained model: a
finding about training holds for other seeds and other questions only if both are resampled. Owen (2007),
Ann. Appl. Stat. 1:386, on resampling rows and columns of a crossed table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from eudaimon.core.errors import UsageError
from eudaimon.core.score import Score
from eudaimon.measure.equivalence import Equivalence, equivalent
from eudaimon.measure.multiplicity import holm
from eudaimon.measure.panel import Panel
from eudaimon.measure.panel_resampling import checked_design, resampled_means, spread

N_RESAMPLES = 4000
ROUNDING = 1e-9
"""A standard error that is a smaller share of the difference is one of arithmetic."""


class SeededScore(Score):
    """A `Score` over ``n_seeds`` seeds and ``n_questions`` questions.

    ``n`` is the number of seeds; with a single seed it is that of questions, and the interval then speaks of
    that one trained model only.
    """

    n_seeds: int
    n_questions: int


@dataclass(frozen=True)
class Contrast:
    """Arm a minus arm b over the same seeds and questions; ``p`` is two-sided, ``adjusted`` by Holm."""

    difference: SeededScore
    p: float
    adjusted: float | None = None


def hierarchical(
    panel: Panel,
    *,
    crossed: bool = True,
    limits: tuple[float, float] | None = None,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
    unit: str = "",
) -> SeededScore:
    """The mean of the seeds' means, with a 95 % bootstrap interval over seeds and questions.

    A resample draws seeds, and questions once for all seeds (``crossed``, for questions that every seed was
    asked) or anew inside each drawn seed. Few seeds make plain percentiles too narrow: the resampled means
    are spread about the estimate by the small-sample factor of their variance and of Student's t, with
    Satterthwaite's degrees of freedom. On simulated normal data 91 to 95 % of the intervals then hold the
    true mean from three seeds on, and 90 % with two. ``limits`` cuts the interval where values cannot be.
    Raises `UsageError` when ``crossed`` and a seed lacks a question.
    """
    score, _ = _resampled(panel, crossed, limits, n_resamples, seed, unit)
    return score


def contrast(
    a: Panel,
    b: Panel,
    *,
    crossed: bool = True,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
    unit: str = "",
) -> Contrast:
    """Arm a minus arm b at the same seeds and questions, with interval and p-value of `hierarchical`.

    ``p`` is twice the smaller share of resampled differences on one side of zero. Where no resample lies
    there, that is at least 2 / (n_resamples + 1), and many tests adjusted together could none of them be
    shown: what is smaller is then told by Student's t on the interval's variances (`Spread.tail`). Without
    any variance nothing is smaller. Raises `UsageError` when the arms do not share seeds
    and questions.
    """
    difference = a.minus(b)
    score, drawn = _resampled(difference, crossed, None, n_resamples, seed, unit)
    if drawn is None:
        raise UsageError(
            "one seed and one question have no error to test against", right="more seeds or questions"
        )
    fewer = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    p = min(1.0, 2 * (fewer + 1) / (n_resamples + 1))
    known = spread(difference, crossed)
    if fewer == 0 and known is not None and known.error > ROUNDING * abs(difference.mean):
        p = min(p, known.tail(difference.mean))
    return Contrast(score, p)


def contrasts(
    pairs: Mapping[str, tuple[Panel, Panel]],
    *,
    crossed: bool = True,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
    unit: str = "",
) -> dict[str, Contrast]:
    """The named `contrast`s, each with its p-value adjusted by Holm for their number."""
    if not pairs:
        raise UsageError("there are no contrasts", right="at least one pair of arms")
    found = {
        name: contrast(a, b, crossed=crossed, n_resamples=n_resamples, seed=seed, unit=unit)
        for name, (a, b) in pairs.items()
    }
    adjusted = holm([one.p for one in found.values()])
    return {
        name: replace(one, adjusted=float(p)) for (name, one), p in zip(found.items(), adjusted, strict=True)
    }


def equivalent_by_seed(
    a: Panel, b: Panel, bound: float, *, alpha: float = 0.05, unit: str = ""
) -> Equivalence:
    """Whether two arms' means differ by less than ``bound``: two one-sided Welch tests on per-seed means.

    A seed is one value, however many questions it was asked. Arguments and errors as `equivalent`.
    """
    return equivalent(a.seed_means, b.seed_means, bound, alpha=alpha, unit=unit)


def _resampled(
    panel: Panel,
    crossed: bool,
    limits: tuple[float, float] | None,
    n_resamples: int,
    seed: int,
    unit: str,
) -> tuple[SeededScore, Float[np.ndarray, "b"] | None]:
    checked_design(panel, crossed, n_resamples)
    known = spread(panel, crossed)
    n_seeds, n_questions = len(panel.seeds), len(panel.questions)
    score = SeededScore(
        value=panel.mean,
        n=n_seeds if n_seeds > 1 else n_questions,
        unit=unit,
        n_seeds=n_seeds,
        n_questions=n_questions,
    )
    if known is None:
        return score, None
    means = resampled_means(panel, n_resamples, seed, crossed=crossed)
    drawn = panel.mean + known.factor * (means - panel.mean)
    low, high = (float(limit) for limit in np.quantile(drawn, (0.025, 0.975)))
    # Rounding in a mean of equal values must not put a limit on the wrong side of it.
    low, high = min(low, panel.mean), max(high, panel.mean)
    if limits is not None:
        low, high = max(low, limits[0]), min(high, limits[1])
    return score.model_copy(update={"low": low, "high": high}), drawn
