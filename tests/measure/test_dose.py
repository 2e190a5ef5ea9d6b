from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from eudaimon.core import UsageError
from eudaimon.measure.dose import effective_dose

DOSES = np.array([0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0])


def simulated(seed, n=40, middle=0.7, top=1.0):
    """Questions that turn at doses of their own, spread about the middle; the mean crosses 1/2 there."""
    own = np.random.default_rng(seed).normal(middle, 0.2, size=n)
    return top * expit((DOSES - own[:, None]) / 0.1)


def test_it_finds_the_dose_at_which_half_has_turned():
    found = effective_dose(DOSES, simulated(0, n=400), np.ones((400, len(DOSES))))
    assert found.dose == pytest.approx(0.7, abs=0.05) and found.reached == 1.0
    assert found.low < found.dose < found.high and found.n == 400


def test_its_intervals_hold_the_truth_about_as_often_as_they_say():
    # Read between doses, the crossing of the true mean curve is what is estimated.
    truth = effective_dose(DOSES, simulated(9, n=20_000), np.ones((20_000, len(DOSES))), n_resamples=1).dose
    held = 0
    for seed in range(120):
        found = effective_dose(DOSES, simulated(seed), np.ones((40, len(DOSES))), n_resamples=200)
        held += found.low <= truth <= found.high
    assert 0.87 <= held / 120 <= 1.0


def test_a_curve_that_never_gets_there_is_censored():
    found = effective_dose(DOSES, simulated(0, top=0.3), np.ones((40, len(DOSES))))
    assert (found.dose, found.low, found.high, found.reached) == (None, None, None, 0.0)
    assert found.last == 2.0 and found.most == pytest.approx(0.3, abs=0.01)


def test_doses_at_which_the_model_makes_no_sense_do_not_count():
    coherence = np.tile(np.where(DOSES < 0.6, 1.0, 0.4), (40, 1))
    found = effective_dose(DOSES, simulated(0), coherence)
    assert found.dose is None and found.last == 0.5
    later = np.tile(np.where(DOSES == 1.5, 0.4, 1.0), (40, 1))
    # What comes after a collapse does not count either.
    assert effective_dose(DOSES, simulated(0), later).last == 1.0


def test_it_may_be_there_in_some_resamples_only():
    response = np.zeros((10, 3))
    response[:5, 2] = 1.0
    found = effective_dose(np.array([0.0, 1.0, 2.0]), response, np.ones((10, 3)))
    assert found.dose == 2.0 and found.high is None and 0.4 < found.reached < 0.8


def test_what_it_refuses():
    ones = np.ones((4, 2))
    with pytest.raises(UsageError, match="rise"):
        effective_dose(np.array([1.0, 1.0]), ones, ones)
    with pytest.raises(UsageError, match="shape"):
        effective_dose(np.array([0.0, 1.0]), np.ones((4, 3)), ones)
    with pytest.raises(UsageError, match="finite"):
        effective_dose(np.array([0.0, 1.0]), np.full((4, 2), np.nan), ones)
    with pytest.raises(UsageError, match="floor"):
        effective_dose(np.array([0.0, 1.0]), ones, 0.1 * ones)


def test_seeds_are_resampled_with_questions():
    one = simulated(0)
    sense = np.ones_like(one)
    alone, same = effective_dose(DOSES, one, sense), effective_dose(DOSES, one[None], sense[None])
    assert (alone.dose, alone.low, alone.high) == (same.dose, same.low, same.high)
    # Models that turn at doses of their own: the questions of each say little about the others.
    several = np.stack([simulated(k, middle=middle) for k, middle in enumerate((0.4, 0.7, 1.0, 1.3))])
    apart = effective_dose(DOSES, several, np.ones_like(several))
    pooled = effective_dose(DOSES, several.reshape(-1, len(DOSES)), np.ones((160, len(DOSES))))
    assert apart.n == 40 and apart.dose == pytest.approx(pooled.dose, abs=1e-9)
    assert apart.high - apart.low > 2 * (pooled.high - pooled.low)
