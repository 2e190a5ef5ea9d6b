"""Kaplan-Meier and the log-rank test against statsmodels, laws, and what their intervals hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight, survdiff

from eudaimon.core import UsageError
from eudaimon.measure.logrank import logrank
from eudaimon.measure.survival import survival_curve


def simulated(seed, n=60, effect=0.7, most=30.0):
    """Rounded times (so that there are ties), whether each was seen, and the group."""
    rng = np.random.default_rng(seed)
    group = np.arange(n) % 2 == 1
    times = np.exp(2 + effect * group + 0.6 * np.log(rng.exponential(size=n)))
    ends = rng.uniform(3, most, n)
    return np.ceil(np.minimum(times, ends) * 4) / 4, times <= ends, group


@pytest.mark.parametrize("seed", range(3))
def test_the_curve_is_that_of_statsmodels(seed):
    times, seen, _ = simulated(seed)
    ours, theirs = survival_curve(times, seen), SurvfuncRight(times, seen.astype(int))
    np.testing.assert_allclose(ours.survival, theirs.surv_prob, atol=1e-12)
    np.testing.assert_array_equal(ours.times, theirs.surv_times)
    kept = ours.survival > 0
    np.testing.assert_allclose(np.sqrt(ours.variance[kept]), theirs.surv_prob_se[kept], atol=1e-12)
    assert ours.time_of(0.5)[0] == theirs.quantile(0.5)
    # Their interval of a quantile is on the same scale, from the same variance.
    low, high = theirs.quantile_ci(0.5, method="cloglog")
    assert ours.time_of(0.5)[1] == pytest.approx(low)
    assert ours.time_of(0.5)[2] == pytest.approx(high)


def test_known_figures_of_another_library():
    """Those of lifelines 0.30.3 on the same data: survival, its limits, and the test."""
    rng = np.random.default_rng(7)
    group = np.arange(60) % 2
    times = np.exp(2 + 0.7 * group + 0.6 * np.log(rng.exponential(size=60)))
    ends = rng.uniform(3, 30, 60)
    short, seen = np.minimum(times, ends).round(3), times <= ends
    curve = survival_curve(short, seen)
    assert curve.at(1.836) == pytest.approx((0.916667, 0.811310, 0.964441), abs=1e-6)
    assert curve.at(5.029) == pytest.approx((0.727030, 0.593126, 0.823201), abs=1e-6)
    assert curve.at(29.131) == pytest.approx((0.074176, 0.014682, 0.201276), abs=1e-6)
    assert curve.time_of(0.5)[0] == 8.002
    found = logrank(short, seen, group == 1)
    assert (found.statistic, found.p) == pytest.approx((18.25960658, 1.927513845e-05))


@pytest.mark.parametrize("seed", range(3))
def test_the_test_is_that_of_statsmodels_with_and_without_strata(seed):
    times, seen, group = simulated(seed)
    strata = np.arange(60) // 20
    for given_strata in (None, strata):
        statistic, p = survdiff(times, seen.astype(int), group, strata=given_strata)
        found = logrank(times, seen, group, strata=given_strata)
        assert (found.statistic, found.p) == pytest.approx((statistic, p))
    assert logrank(times, seen, group).observed == seen[group].sum()


@given(st.lists(st.tuples(st.integers(1, 20), st.booleans()), min_size=2, max_size=30))
@settings(max_examples=30, deadline=None)
def test_laws_of_a_curve(rows):
    times, seen = np.array([time for time, _ in rows]), np.array([event for _, event in rows])
    curve = survival_curve(times, seen)
    assert (np.diff(curve.survival) <= 0).all()
    assert ((curve.low <= curve.survival) & (curve.survival <= curve.high)).all()
    # Without censoring it is the share of times that are longer.
    plain = survival_curve(times, np.ones(len(times), bool))
    np.testing.assert_allclose(plain.survival, [(times > at).mean() for at in plain.times], atol=1e-12)
    # A curve does not depend on the unit of time, nor on the order of units.
    other = survival_curve(times[::-1] * 7.0, seen[::-1])
    np.testing.assert_allclose(other.survival, curve.survival, atol=1e-12)
    assert curve.at(0.5) == (1.0, 1.0, 1.0)


def test_what_is_never_reached_has_no_time():
    curve = survival_curve([5, 5, 5], [False, False, False])
    assert curve.time_of(0.5) == (None, None, None) and curve.at(5) == (1.0, 1.0, 1.0)
    some = survival_curve([2, 5, 5, 5], [True, False, False, False])
    assert some.time_of(0.5)[0] is None and some.at(3)[0] == 0.75


def test_units_of_one_cluster_count_once():
    """Every unit told ten times: alone the interval shrinks, by clusters it stays as wide."""
    times, seen, _ = simulated(1, n=40)
    clusters = np.arange(40)
    once = survival_curve(times, seen, clusters=clusters)
    many = survival_curve(np.tile(times, 10), np.tile(seen, 10), clusters=np.tile(clusters, 10))
    np.testing.assert_allclose(many.low, once.low, atol=1e-9)
    naive = survival_curve(np.tile(times, 10), np.tile(seen, 10))
    middle = len(naive.times) // 2
    assert naive.high[middle] - naive.low[middle] < 0.5 * (many.high[middle] - many.low[middle])


def test_intervals_hold_the_truth_in_about_95_of_100_simulations():
    """Units alone, and units that depend on their seed: there only the clustered interval does."""
    rng = np.random.default_rng(0)
    alone, clustered, naive, truth = 0, 0, 0, np.exp(-0.7)
    shared_truth = np.mean(np.exp(-0.7 * np.exp(rng.normal(0, 0.7, 200_000))))
    n, n_seeds = 400, 12
    for _ in range(n):
        times, ends = rng.exponential(size=50), rng.uniform(0.5, 3, 50)
        _, low, high = survival_curve(np.minimum(times, ends), times <= ends).at(0.7)
        alone += low <= truth <= high
        seed = np.repeat(np.arange(n_seeds), 10)
        times = rng.exponential(size=len(seed)) / np.exp(rng.normal(0, 0.7, n_seeds))[seed]
        ends = rng.uniform(0.5, 3, len(seed))
        watched, seen = np.minimum(times, ends), times <= ends
        for clusters in (seed, None):
            _, low, high = survival_curve(watched, seen, clusters=clusters).at(0.7)
            inside = low <= shared_truth <= high
            clustered, naive = (
                clustered + (inside and clusters is not None),
                naive + (inside and clusters is None),
            )
    assert 0.92 <= alone / n <= 0.98
    assert 0.91 <= clustered / n <= 0.985
    assert naive / n < clustered / n - 0.05


def test_few_seeds_are_swapped_in_every_way():
    """One unit of each group a seed: when a always takes longer, two of all swaps go as far."""
    a, b = np.array([5.0, 6, 7, 8, 9]), np.array([1.0, 2, 3, 4, 4.5])
    found = logrank([*a, *b], [True] * 10, [True] * 5 + [False] * 5, clusters=[*range(5)] * 2)
    assert found.n_swaps == 32 and found.p_swapped == found.p_least == 2 / 32
    assert found.p < 0.01 < found.p_swapped
    assert found.observed < found.expected


def test_swaps_reject_as_often_as_they_say_where_groups_are_alike():
    rng, n = np.random.default_rng(3), 300
    seeds = np.tile(np.arange(7), 6)
    group = np.repeat([True, False], 21)
    few = naive = 0
    for _ in range(n):
        # Each seed's own luck in each group is shared by its three units.
        luck = rng.normal(0, 1, (2, 7))[np.where(group, 0, 1), seeds]
        times = rng.exponential(size=42) * np.exp(luck)
        found = logrank(np.minimum(times, 3), times <= 3, group, strata=None, clusters=seeds)
        few, naive = few + (found.p_swapped <= 0.05), naive + (found.p <= 0.05)
    assert few / n <= 0.08 < naive / n


def test_errors():
    with pytest.raises(UsageError, match="over 0"):
        survival_curve([0, 1], [True, True])
    with pytest.raises(UsageError, match="one cluster"):
        survival_curve([1, 2], [True, True], clusters=[0, 0])
    with pytest.raises(UsageError, match="one group"):
        logrank([1, 2], [True, True], [True, True])
    with pytest.raises(UsageError, match="nothing happened"):
        logrank([1, 2], [False, False], [True, False])
    with pytest.raises(UsageError, match="both groups in each cluster"):
        logrank([1, 2, 3], [True, True, True], [True, False, False], clusters=[0, 0, 1])
