"""Known answers on grids whose effect is known: intervals hold it as often as they say, tests seldom err."""

from __future__ import annotations

import numpy as np
import pytest

from eudaimon.core.errors import UsageError
from eudaimon.measure import equivalent_paired
from eudaimon.measure.coverage import (
    BOOTSTRAP,
    MIXED,
    NAIVE,
    QUESTIONS_ONLY,
    coverage,
    equivalence_error,
    family_error,
)
from eudaimon.measure.simulated import Grid


@pytest.mark.slow
@pytest.mark.parametrize("grid", [Grid(n_samples=50), Grid(n_samples=50, base=-3.5)], ids=["often", "seldom"])
def test_coverage_over_a_thousand_tables_where_the_naive_interval_fails(grid):
    held = coverage(grid, 0.8)
    assert 0.93 <= held[BOOTSTRAP] <= 0.97
    assert 0.93 <= held[MIXED] <= 0.97
    assert held[NAIVE] < 0.5
    assert held[QUESTIONS_ONLY] < 0.8


def test_arms_at_the_bound_are_seldom_called_equivalent():
    assert equivalence_error(Grid(n_seeds=10), 0.05, n_tables=500) <= 0.05


def test_arms_that_are_alike_are_called_equivalent():
    grid = Grid(n_seeds=10, n_samples=50, question_arm=0.1, seed_arm=0.1, cell=0.1)
    tables = grid.draw((0.0, 0.0), 20, seed=1)
    pairs = [[grid.panel(arm) for arm in table] for table in tables]
    assert sum(equivalent_paired(a, b, 0.05, n_resamples=500).equivalent for a, b in pairs) >= 18


@pytest.mark.slow
def test_holm_keeps_the_error_of_the_whole_family():
    grid = Grid()
    assert family_error(grid, 4) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 1000)
    assert family_error(grid, 4, n_tables=500, adjusted=False) > 0.08


def test_the_grid_has_the_rates_and_differences_that_it_says():
    grid = Grid(n_seeds=20, n_questions=200, n_samples=20)
    hits = grid.draw((0.4, -0.4), 40, seed=3) / grid.n_samples
    of_arms = hits.mean((0, 2, 3))
    assert of_arms[0] == pytest.approx(grid.rate(0.4), abs=0.02)
    assert of_arms[0] - of_arms[1] == pytest.approx(grid.points(0.8), abs=0.012)
    assert grid.points(grid.effect_of(0.1)) == pytest.approx(0.1)
    with pytest.raises(UsageError, match="no effect makes"):
        grid.effect_of(1.5)
