from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import subspace_angles

from eudaimon.core.errors import UsageError
from eudaimon.measure import cosine_dip, local_cosine

FEW = settings(max_examples=20, deadline=None)


def turn(rng, at=25, n=60, rows=40, noise=1.0):
    """A walk along one direction up to ``at`` and along another from there."""
    first, second = np.linalg.qr(rng.normal(size=(rows, 2)))[0].T
    along = np.where(np.arange(n)[:, None] < at, first, second)
    return (3 * along + noise * rng.normal(size=(n, rows))).cumsum(0)


@FEW
@given(st.integers(0, 10**6), st.integers(1, 4))
def test_one_column_is_the_plain_cosine(seed, lag):
    walk = np.random.default_rng(seed).normal(size=(12, 6)).cumsum(0)
    found = local_cosine(walk, lag)
    assert np.isnan(found[:lag]).all()
    assert np.isnan(found[-lag:]).all()
    for t in range(lag, 12 - lag):
        before, after = walk[t] - walk[t - lag], walk[t + lag] - walk[t]
        cosine = before @ after / np.linalg.norm(before) / np.linalg.norm(after)
        assert found[t] == pytest.approx(cosine)


@FEW
@given(st.integers(0, 10**6), st.integers(2, 4))
def test_several_columns_are_the_principal_angles(seed, columns):
    walk = np.random.default_rng(seed).normal(size=(9, 7, columns)).cumsum(0)
    found = local_cosine(walk, 2)
    for t in range(2, 7):
        angles = subspace_angles(walk[t] - walk[t - 2], walk[t + 2] - walk[t])
        assert found[t] == pytest.approx(np.cos(angles).mean(), abs=1e-6)


def test_principal_angles_do_not_see_how_the_columns_are_mixed():
    rng = np.random.default_rng(0)
    walk, mixed = rng.normal(size=(9, 7, 3)).cumsum(0), rng.normal(size=(3, 3))
    assert np.allclose(local_cosine(walk @ mixed, 2), local_cosine(walk, 2), equal_nan=True)
    assert np.allclose(local_cosine(walk[:, :, :1], 2), local_cosine(walk[:, :, 0], 2), equal_nan=True)


def test_straight_on_is_one_and_back_is_minus_one():
    line = np.outer([0, 1, 2, 3, 2, 1, 0], [1.0, 2.0])
    assert local_cosine(line, 1)[1:-1] == pytest.approx([1, 1, -1, 1, 1])


def test_a_planted_turn_is_found_where_it_is():
    for seed in range(5):
        found = cosine_dip(turn(np.random.default_rng(seed)), n_permutations=199, show_progress=False)
        assert found.p_all <= 0.02
        assert abs(found.at[1] - 24) <= 2
        assert found.depth[2] == pytest.approx(np.nanmedian(found.cosines[2]) - np.nanmin(found.cosines[2]))


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "n_walks"), [("plain", 120), ("repeating", 60), ("columns", 25)])
def test_random_walks_have_no_dip(kind, n_walks):
    rng, called = np.random.default_rng(1), 0
    for seed in range(n_walks):
        steps = rng.normal(size=(45, 20, 3) if kind == "columns" else (45, 30))
        if kind == "plain":
            steps *= rng.gamma(2, size=(45, 1))
        for t in range(1, 45 if kind == "repeating" else 0):
            steps[t] += 0.6 * steps[t - 1]
        found = cosine_dip(
            steps.cumsum(0), lags=(3, 6, 12), n_permutations=99, seed=seed, show_progress=False
        )
        called += found.p_all <= 0.05
    assert called / n_walks <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / n_walks)


def test_same_seed_same_p_and_the_size_of_the_weights_is_nothing():
    walk = turn(np.random.default_rng(3), noise=2.0)
    one = cosine_dip(walk, n_permutations=99, seed=4, show_progress=False)
    two = cosine_dip(1e-3 * walk + 7, n_permutations=99, seed=4, show_progress=False)
    assert one.p.tolist() == two.p.tolist()
    assert one.p_all == two.p_all
    assert one.at == two.at


def test_trajectories_that_say_nothing_are_refused():
    with pytest.raises(UsageError, match="lags 5, 10, 15 on 30 times"):
        cosine_dip(np.random.default_rng(0).normal(size=(30, 4)))
    with pytest.raises(UsageError, match="stands still"):
        cosine_dip(np.ones((31, 4)))
    with pytest.raises(UsageError, match="no more columns than rows"):
        local_cosine(np.ones((9, 2, 3)), 1)
    with pytest.raises(UsageError, match="1 values of no use"):
        local_cosine(np.array([[0.0], [np.nan], [1.0]]), 1)
