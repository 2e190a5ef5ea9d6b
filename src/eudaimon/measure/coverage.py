"""How often the statistics are right on simulated grids: coverage of intervals, errors of tests.

Of 95 % intervals 95 of 100 should hold the truth, whatever seeds and questions were drawn. Beside ours stands
what is often done: every sample taken as independent, or questions resampled and seeds not.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt

import numpy as np
from scipy import stats

from eudaimon.measure.crossed import fit_crossed
from eudaimon.measure.hierarchical import contrast
from eudaimon.measure.intervals import Z_95
from eudaimon.measure.multiplicity import holm
from eudaimon.measure.paired import equivalent_paired
from eudaimon.measure.simulated import Grid

TABLES_AT_ONCE = 50
N_RESAMPLES = 2000
BOOTSTRAP = "bootstrap over questions x seeds"
MIXED = "mixed logit"
NAIVE = "naive: every sample independent"
QUESTIONS_ONLY = "questions alone, seeds fixed"


def coverage(grid: Grid, effect: float, *, n_tables: int = 1000, seed: int = 0) -> Mapping[str, float]:
    """The share of simulated tables whose 95 % interval holds the true difference, by method.

    ``effect`` is in log odds; `BOOTSTRAP`, `NAIVE` and `QUESTIONS_ONLY` are of the difference of shares,
    `MIXED` of the log odds. A table whose mixed logit did not settle counts as missed.
    """
    hits = grid.draw((effect / 2, -effect / 2), n_tables, seed)
    truth = grid.points(effect)
    held = dict.fromkeys((BOOTSTRAP, MIXED, QUESTIONS_ONLY, NAIVE), 0)
    for table in hits:
        a, b = (grid.panel(arm) for arm in table)
        found = contrast(a, b, n_resamples=N_RESAMPLES).difference
        assert found.low is not None and found.high is not None
        held[BOOTSTRAP] += found.low <= truth <= found.high
        by_question = (table[0] - table[1]).mean(0) / grid.n_samples
        error = float(by_question.std(ddof=1)) / sqrt(grid.n_questions)
        half = float(stats.t.ppf(0.975, grid.n_questions - 1)) * error
        held[QUESTIONS_ONLY] += abs(found.value - truth) <= half
        pooled = sum(p.mean * (1 - p.mean) for p in (a, b)) / (a.values.size * grid.n_samples)
        held[NAIVE] += abs(found.value - truth) <= Z_95 * sqrt(pooled)
    for start in range(0, n_tables, TABLES_AT_ONCE):
        some = hits[start : start + TABLES_AT_ONCE]
        fit = fit_crossed(some, np.full_like(some, grid.n_samples))
        within = np.abs(fit.effect - effect) <= stats.t.ppf(0.975, fit.freedom) * fit.error
        held[MIXED] += int((within & fit.converged).sum())
    return {name: count / n_tables for name, count in held.items()}


def equivalence_error(grid: Grid, bound: float, *, n_tables: int = 1000, seed: int = 0) -> float:
    """The share of tables called equivalent at .05 though the arms differ by exactly ``bound``."""
    effect = grid.effect_of(bound)
    called = 0
    for table in grid.draw((effect / 2, -effect / 2), n_tables, seed):
        a, b = (grid.panel(arm) for arm in table)
        called += equivalent_paired(a, b, bound, n_resamples=N_RESAMPLES).equivalent
    return called / n_tables


def family_error(
    grid: Grid, n_tests: int, *, n_tables: int = 1000, seed: int = 0, adjusted: bool = True
) -> float:
    """The share of tables with any rejection at .05 though no arm differs from the reference.

    ``n_tests`` arms are compared with one reference, so the tests depend on one another. By Holm's adjusted
    p-values, or without adjustment.
    """
    wrong = 0
    for table in grid.draw((0.0,) * (n_tests + 1), n_tables, seed):
        reference, *arms = (grid.panel(arm) for arm in table)
        p = np.array([contrast(arm, reference, n_resamples=N_RESAMPLES).p for arm in arms])
        wrong += bool(((holm(p) if adjusted else p) <= 0.05).any())
    return wrong / n_tables
