"""Means over seeds and questions, and what two arms differ by: the bootstrap that resamples both.

Samples of one question are no independent evidence, nor are the questions asked of one trained model: a
finding about training holds for other seeds and other questions only if both are resampled. Owen (2007),
Ann. Appl. Stat. 1:386, on resampling rows and columns of a crossed table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from math import sqrt

import numpy as np
from jaxtyping import Float, Int
from scipy import stats

from eudaimon.core.errors import UsageError
from eudaimon.core.score import Score
from eudaimon.measure.equivalence import Equivalence, equivalent
from eudaimon.measure.intervals import Z_95
from eudaimon.measure.multiplicity import holm
from eudaimon.measure.panel import Panel
from eudaimon.measure.resampling import CELLS_AT_ONCE

N_RESAMPLES = 4000


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

    ``p`` is twice the smaller share of resampled differences on one side of zero, at least
    2 / (n_resamples + 1). Raises `UsageError` when the arms do not share seeds and questions.
    """
    score, drawn = _resampled(a.minus(b), crossed, None, n_resamples, seed, unit)
    if drawn is None:
        raise UsageError(
            "one seed and one question have no error to test against", right="more seeds or questions"
        )
    fewer = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    return Contrast(score, min(1.0, 2 * (fewer + 1) / (n_resamples + 1)))


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
    if crossed and not panel.is_crossed:
        missing = len(panel.seeds) * len(panel.questions) - len(panel)
        raise UsageError(
            f"{missing} of {len(panel.seeds)} x {len(panel.questions)} seeds and questions have no value",
            right="every seed was asked every question",
            do="crossed=False, where each seed has questions of its own",
        )
    if n_resamples < 1:
        raise UsageError(f"{n_resamples} resamples give no interval", right="at least one resample")
    factor = _spread(panel, crossed)
    n_seeds, n_questions = len(panel.seeds), len(panel.questions)
    score = SeededScore(
        value=panel.mean,
        n=n_seeds if n_seeds > 1 else n_questions,
        unit=unit,
        n_seeds=n_seeds,
        n_questions=n_questions,
    )
    if factor is None:
        return score, None
    draw = _crossed if crossed else _nested
    means = np.concatenate(list(draw(panel, n_resamples, seed)))
    drawn = panel.mean + factor * (means - panel.mean)
    low, high = (float(limit) for limit in np.quantile(drawn, (0.025, 0.975)))
    # Rounding in a mean of equal values must not put a limit on the wrong side of it.
    low, high = min(low, panel.mean), max(high, panel.mean)
    if limits is not None:
        low, high = max(low, limits[0]), min(high, limits[1])
    return score.model_copy(update={"low": low, "high": high}), drawn


def _spread(panel: Panel, crossed: bool) -> float | None:
    """By how much the resampled means must be spread for nominal coverage; None when nothing is resampled."""
    by_seed = panel.seed_means
    parts = [(by_seed, len(by_seed))]
    if crossed or len(by_seed) == 1:
        by_question = np.bincount(panel.question, panel.values) / np.bincount(panel.question)
        parts.append((by_question, len(by_question)))
    terms = [(float(row.var(ddof=1)) / n, n) for row, n in parts if n > 1]
    if not terms:
        return None
    total = sum(variance for variance, _ in terms)
    if total == 0:
        return 1.0
    seen = sum(variance * (n - 1) / n for variance, n in terms)
    freedom = total**2 / sum(variance**2 / (n - 1) for variance, n in terms)
    return sqrt(total / seen) * float(stats.t.ppf(0.975, freedom)) / Z_95


def _crossed(panel: Panel, n: int, seed: int) -> Iterator[Float[np.ndarray, "b"]]:
    n_seeds, n_questions = len(panel.seeds), len(panel.questions)
    table = panel.values.reshape(n_seeds, n_questions)
    for seeds, questions in _weights(n_seeds, n_questions, n, seed):
        yield ((seeds @ table) * questions).sum(axis=1) / n_questions


@lru_cache(maxsize=4)
def _weights(
    n_seeds: int, n_questions: int, n: int, seed: int
) -> tuple[tuple[Float[np.ndarray, "b s"], Int[np.ndarray, "b q"]], ...]:
    """How often each seed and question is drawn, in blocks of resamples.

    Drawing takes most of a bootstrap's time, and all cells of a study share one draw.
    """
    rng = np.random.default_rng(seed)
    few = np.min_scalar_type(n_questions)
    blocks = []
    for size in _blocks(n, n_questions):
        seeds = rng.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=size) / n_seeds
        questions = rng.multinomial(n_questions, np.full(n_questions, 1 / n_questions), size=size)
        blocks.append((seeds, questions.astype(few)))
    return tuple(blocks)


def _nested(panel: Panel, n: int, seed: int) -> Iterator[Float[np.ndarray, "b"]]:
    rng = np.random.default_rng(seed)
    sizes = np.bincount(panel.seed)
    start = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    for size in _blocks(n, len(sizes) * int(sizes.max())):
        seeds = rng.integers(0, len(sizes), size=(size, len(sizes)))
        # As many questions as the drawn seed has; the rest of a shorter seed's row is left out of its mean.
        rows = (rng.random((*seeds.shape, int(sizes.max()))) * sizes[seeds][..., None]).astype(np.int64)
        drawn = panel.values[start[seeds][..., None] + rows]
        kept = np.arange(int(sizes.max())) < sizes[seeds][..., None]
        yield ((drawn * kept).sum(axis=2) / sizes[seeds]).mean(axis=1)


def _blocks(n: int, cells: int) -> Iterator[int]:
    block = max(1, CELLS_AT_ONCE // cells)
    for begin in range(0, n, block):
        yield min(block, n - begin)
