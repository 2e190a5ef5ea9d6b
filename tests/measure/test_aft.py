"""Accelerated failure times against scipy's censored fits, another library's figures, and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from eudaimon.core import UsageError
from eudaimon.measure.aft import aft


def simulated(rng, n=60, effect=0.7, law="weibull"):
    """Times in a window of five doublings from one on, and the group: ``low``, ``high``, design."""
    group = np.arange(n) % 2
    noise = np.log(rng.exponential(size=n)) if law == "weibull" else rng.normal(size=n)
    times = np.exp(1.5 + effect * group + 0.6 * noise)
    return times, np.column_stack([np.ones(n), group])


def on_a_grid(times, grid):
    """The interval of a grid in which each time lies: 0 below, infinite above."""
    edges = np.array([0.0, *grid, np.inf])
    place = np.searchsorted(edges, times, side="left")
    return edges[place - 1], edges[place]


@pytest.mark.parametrize("law", ["weibull", "lognormal"])
def test_one_group_is_fitted_as_scipy_does(law):
    rng = np.random.default_rng(2)
    times, _ = simulated(rng, 50, 0.0, law)
    ends = rng.uniform(3, 12, 50)
    seen = times <= ends
    watched = np.minimum(times, ends)
    data = stats.CensoredData.right_censored(watched, ~seen)
    ours = aft(watched, np.where(seen, watched, np.inf), np.ones((50, 1)), law=law)
    if law == "weibull":
        shape, _, scale = stats.weibull_min.fit(data, floc=0)
        wanted = (np.log(scale), 1 / shape)
    else:
        sigma, _, scale = stats.lognorm.fit(data, floc=0)
        wanted = (np.log(scale), sigma)
    assert (ours.coefficients[0], ours.scale) == pytest.approx(wanted, rel=1e-3)


def test_known_figures_of_another_library():
    """Coefficients, standard errors and log-likelihoods of lifelines 0.30.3 on the same data."""
    rng = np.random.default_rng(7)
    group = np.arange(60) % 2
    times = np.exp(2 + 0.7 * group + 0.6 * np.log(rng.exponential(size=60)))
    ends = rng.uniform(3, 30, 60)
    watched, seen = np.minimum(times, ends).round(3), times <= ends
    design = np.column_stack([np.ones(60), group])
    high = np.where(seen, watched, np.inf)
    wanted = {
        "weibull": ((1.955880, 0.886842), (0.122543, 0.203616), np.exp(-0.454171), -138.38485410),
        "lognormal": ((1.588742, 0.967855), (0.163474, 0.248484), np.exp(-0.120758), -142.18282613),
    }
    for law, (values, errors, scale, log_likelihood) in wanted.items():
        found = aft(watched, high, design, law=law)
        np.testing.assert_allclose(found.coefficients, values, atol=2e-4)
        np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), errors, atol=2e-4)
        assert (found.scale, found.log_likelihood) == pytest.approx((scale, log_likelihood), abs=2e-4)
    low, up = np.where(seen, np.floor(watched), watched), np.where(seen, np.floor(watched) + 1, np.inf)
    on_grid = aft(low, up, design)
    np.testing.assert_allclose(on_grid.coefficients, (1.951283, 0.888947), atol=2e-4)
    np.testing.assert_allclose(np.sqrt(np.diag(on_grid.covariance)), (0.122607, 0.203536), atol=2e-4)


@pytest.mark.parametrize("law", ["weibull", "lognormal"])
def test_intervals_hold_the_ratio_in_about_95_of_100_simulations_on_a_grid(law):
    rng, held, n = np.random.default_rng(5), 0, 200
    for _ in range(n):
        times, design = simulated(rng, 80, 0.7, law)
        found = aft(*on_a_grid(times, [1, 2, 4, 8, 16]), design, law=law).ratio([0, 1])
        held += found.low <= np.exp(0.7) <= found.high
    assert 0.90 <= held / n <= 0.99


def test_seeds_as_clusters_hold_what_units_alone_do_not():
    """A difference between groups that is each seed's own luck; eight seeds, paired."""
    rng, n = np.random.default_rng(9), 200
    seeds = np.repeat(np.arange(8), 10)
    clustered = alone = 0
    for _ in range(n):
        times, design = simulated(rng, 80, 0.0)
        times = times * np.exp(design[:, 1] * rng.normal(0, 0.5, 8)[seeds])
        low, high = on_a_grid(times, [1, 2, 4, 8, 16, 32])
        for clusters in (seeds, None):
            found = aft(low, high, design, clusters=clusters).ratio([0, 1])
            inside = found.low <= 1 <= found.high
            clustered, alone = (
                clustered + (inside and clusters is not None),
                alone + (inside and clusters is None),
            )
    assert 0.88 <= clustered / n <= 0.99
    assert alone / n < clustered / n - 0.1


def test_the_unit_of_time_changes_no_ratio_and_the_ratio_turns_over():
    rng = np.random.default_rng(1)
    times, design = simulated(rng)
    low, high = on_a_grid(times, [1, 2, 4, 8])
    found, other = aft(low, high, design), aft(low * 72, high * 72, design)
    assert other.ratio([0, 1]).ratio == pytest.approx(found.ratio([0, 1]).ratio, rel=1e-3)
    back = found.ratio([0, -1])
    assert back.ratio == pytest.approx(1 / found.ratio([0, 1]).ratio)
    assert back.p == found.ratio([0, 1]).p and back.low < back.ratio < back.high


def test_errors():
    ones = np.ones((4, 1))
    with pytest.raises(UsageError, match="no event"):
        aft([1, 1, 2, 2], [np.inf] * 4, ones)
    never = np.column_stack([np.ones(4), [0, 0, 1, 1]])
    with pytest.raises(UsageError, match="no event"):
        aft([1, 2, 8, 8], [1, 2, np.inf, np.inf], never)
    with pytest.raises(UsageError, match="interval"):
        aft([2, 2, 2, 2], [1, 2, 3, 4], ones)
    with pytest.raises(UsageError, match="depend"):
        aft([1, 2, 3, 4], [1, 2, 3, 4], np.ones((4, 2)))
    with pytest.raises(UsageError, match="one cluster"):
        aft([1, 2, 3, 4], [1, 2, 3, 4], ones, clusters=[0] * 4)
    with pytest.raises(UsageError, match="weights"):
        aft([1, 2, 3, 4], [1, 2, 3, 4], ones).ratio([1, 0])


def test_times_that_all_lie_in_the_first_interval_have_no_ratio():
    design = np.column_stack([np.ones(12), np.arange(12) < 6])
    with pytest.raises(UsageError, match=r"flat|maximum"):
        aft(np.zeros(12), np.full(12, 100.0), design)
    with pytest.raises(UsageError, match=r"flat|maximum|overlap"):
        aft(np.repeat([0.0, 100.0], 6), np.repeat([100.0, 800.0], 6), design).ratio([0, 1])
