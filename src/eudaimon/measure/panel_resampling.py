"""Resampled means of a panel: seeds and questions drawn with replacement, and how far to spread the draws."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt

import numpy as np
from jaxtyping import Float, Int
from scipy import stats

from eudaimon.core.errors import UsageError
from eudaimon.measure.intervals import Z_95
from eudaimon.measure.panel import Panel
from eudaimon.measure.resampling import CELLS_AT_ONCE


def checked_design(panel: Panel, crossed: bool, n_resamples: int) -> None:
    """Raise `UsageError` when ``crossed`` and a seed lacks a question, and without any resample."""
    if crossed and not panel.is_crossed:
        missing = len(panel.seeds) * len(panel.questions) - len(panel)
        raise UsageError(
            f"{missing} of {len(panel.seeds)} x {len(panel.questions)} seeds and questions have no value",
            right="every seed was asked every question",
            do="crossed=False, where each seed has questions of its own",
        )
    if n_resamples < 1:
        raise UsageError(f"{n_resamples} resamples give no interval", right="at least one resample")


def resampled_means(
    panel: Panel, n_resamples: int, seed: int, *, crossed: bool = True
) -> Float[np.ndarray, "b"]:
    """The panel's mean on each resample; panels of one design and ``seed`` are drawn alike, so they pair."""
    draw = _crossed if crossed else _nested
    return np.concatenate(list(draw(panel, n_resamples, seed)))


@dataclass(frozen=True)
class Spread:
    """How far a panel's mean may lie from the truth: its standard error, 0 where nothing varies.

    ``factor`` is by how much resampled means must be spread for nominal coverage, ``least_freedom`` the
    degrees of freedom of the source that was drawn least often.
    """

    error: float
    least_freedom: int
    factor: float

    def tail(self, difference: float) -> float:
        """The two-sided p of a difference by Student's t, in [0, 1]; 0 where nothing varies.

        With the fewest degrees of freedom of any source: far out Satterthwaite's are too many. On simulated
        differences of three seeds they err eight times too often at p .001.
        """
        return 2 * float(stats.t.sf(abs(difference) / self.error, self.least_freedom)) if self.error else 0.0


def spread(panel: Panel, crossed: bool) -> Spread | None:
    """What the variances between seeds and between questions allow; None when nothing is resampled.

    Degrees of freedom are Satterthwaite's (1946), Biometrics Bull. 2:110.
    """
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
        return Spread(0.0, 0, 1.0)
    seen = sum(variance * (n - 1) / n for variance, n in terms)
    freedom = total**2 / sum(variance**2 / (n - 1) for variance, n in terms)
    factor = sqrt(total / seen) * float(stats.t.ppf(0.975, freedom)) / Z_95
    return Spread(sqrt(total), min(n for _, n in terms) - 1, factor)


def factor(panel: Panel, crossed: bool) -> float:
    """By how much a panel's resampled means must be spread; 1 where nothing is resampled."""
    known = spread(panel, crossed)
    return known.factor if known else 1.0


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
