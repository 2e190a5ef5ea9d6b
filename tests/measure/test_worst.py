from __future__ import annotations

import numpy as np
import pytest

from eudaimon.core import UsageError
from eudaimon.measure.hierarchical import hierarchical
from eudaimon.measure.panel import Panel
from eudaimon.measure.worst import worst_case

SEEDS, QUESTIONS = np.repeat(np.arange(5), 20), np.tile(np.arange(20), 5)


def drawn(rng, truth):
    """A panel of an attack whose mean is ``truth``, in noise of seeds, questions and cells."""
    noise = rng.normal(0, 0.05, 5)[SEEDS] + rng.normal(0, 0.1, 20)[QUESTIONS] + rng.normal(0, 0.1, 100)
    return Panel.of(truth + noise, SEEDS, QUESTIONS)


def test_of_one_attack_the_worst_is_its_mean():
    panel = drawn(np.random.default_rng(0), 0.3)
    found, plain = worst_case({"a": panel}, n_resamples=500), hierarchical(panel, n_resamples=500)
    assert found.worst.value == found.mean.value == pytest.approx(plain.value)
    assert found.which == "a" and found.shares == {"a": 1.0}
    assert (found.mean.low, found.mean.high) == (plain.low, plain.high)
    assert found.worst.low == pytest.approx(plain.low, abs=0.01)


def test_an_attack_that_is_far_the_worst_is_always_picked_and_has_no_bias():
    rng = np.random.default_rng(1)
    found = worst_case({"weak": drawn(rng, 0.1), "strong": drawn(rng, 0.9)}, n_resamples=500)
    assert found.which == "strong" and found.shares["strong"] == 1.0 and found.bias < 0.01
    assert found.mean.value == pytest.approx((0.1 + 0.9) / 2, abs=0.1)
    assert found.worst.value > found.mean.value


@pytest.mark.parametrize("truths", [(0.3,) * 6, (0.1, 0.2, 0.3, 0.5)])
def test_the_interval_holds_the_true_worst_in_about_95_of_100(truths):
    rng, held, naive, n = np.random.default_rng(2), 0, 0, 200
    for _ in range(n):
        panels = {str(place): drawn(rng, truth) for place, truth in enumerate(truths)}
        found = worst_case(panels, n_resamples=300)
        held += found.worst.low <= max(truths) <= found.worst.high
        picked = hierarchical(panels[found.which], n_resamples=300)
        naive += picked.low <= max(truths) <= picked.high
    assert held / n >= 0.90
    # Where all are alike, the interval of whichever looked worst leaves the truth out too often.
    if len(set(truths)) == 1:
        assert held > naive


def test_errors():
    panel = drawn(np.random.default_rng(0), 0.3)
    with pytest.raises(UsageError, match="no attack"):
        worst_case({})
    with pytest.raises(UsageError, match="share"):
        worst_case({"a": panel, "b": Panel.of([1.0, 2.0], [0, 1], [0, 0])})


def test_one_question_of_one_seed_has_values_and_no_intervals():
    found = worst_case({"a": Panel.of([0.2], [0], ["q"]), "b": Panel.of([0.4], [0], ["q"])})
    assert (found.worst.value, found.worst.low, found.mean.low) == (0.4, None, None)
    assert found.mean.value == pytest.approx(0.3) and found.which == "b" and found.shares == {"a": 0, "b": 1}
