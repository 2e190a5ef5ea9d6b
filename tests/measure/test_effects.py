from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core.errors import UsageError
from eudaimon.measure import contrast, effect_sizes

FEW = settings(max_examples=20, deadline=None)


@FEW
@given(st.integers(0, 10**6))
def test_arms_may_change_places(panel, seed):
    rng = np.random.default_rng(seed)
    a, b = (panel(rng.beta(2, 3, size=(4, 12))) for _ in range(2))
    ab, ba = effect_sizes(a, b, n_resamples=300), effect_sizes(b, a, n_resamples=300)
    assert ab.points.value == pytest.approx(-ba.points.value)
    assert ab.points.low == pytest.approx(-ba.points.high)
    assert ab.odds_ratio.value == pytest.approx(1 / ba.odds_ratio.value)
    assert ab.odds_ratio.low == pytest.approx(1 / ba.odds_ratio.high)
    assert ab.h.value == pytest.approx(-ba.h.value)
    assert ab.h.low == pytest.approx(-ba.h.high)
    for score in (ab.points, ab.odds_ratio, ab.h):
        assert score.low <= score.value <= score.high


def test_textbook_values(panel):
    # 40 % against 20 %: 20 points, odds (2/3) / (1/4) = 2.667, h = 2 asin sqrt .4 - 2 asin sqrt .2 = .442
    a, b = (panel(np.tile(np.repeat([1.0, 0.0], [k, 100 - k]), (20, 1))) for k in (40, 20))
    found = effect_sizes(a, b, n_resamples=200)
    assert found.points.value == pytest.approx(20)
    assert found.points.unit == "points"
    assert found.odds_ratio.value == pytest.approx(8 / 3, rel=2e-3)
    assert found.h.value == pytest.approx(0.4421, abs=1e-3)


def test_points_are_the_contrast_and_all_three_agree_on_the_sign(panel):
    rng = np.random.default_rng(0)
    base = rng.beta(2, 5, size=(5, 30))
    a, b = panel(np.clip(base + 0.15 + 0.05 * rng.normal(size=base.shape), 0, 1)), panel(base)
    found, plain = effect_sizes(a, b), contrast(a, b).difference
    assert (found.points.low, found.points.high) == pytest.approx((100 * plain.low, 100 * plain.high))
    assert found.points.low > 0
    assert found.odds_ratio.low > 1
    assert found.h.low > 0


def test_no_hit_at_all_gives_finite_odds(panel):
    rng = np.random.default_rng(1)
    none, some = panel(np.zeros((3, 20))), panel((rng.random((3, 20)) < 0.3).astype(float))
    found = effect_sizes(some, none)
    assert np.isfinite([found.odds_ratio.value, found.odds_ratio.low, found.odds_ratio.high]).all()
    assert found.odds_ratio.value > 5


def test_values_that_are_no_shares_are_refused(panel):
    a, b = panel(np.full((2, 2), 0.5)), panel(np.full((2, 2), 1.5))
    with pytest.raises(UsageError, match="arm b has a value outside"):
        effect_sizes(a, b)
