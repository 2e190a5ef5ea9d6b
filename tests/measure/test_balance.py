from __future__ import annotations

import numpy as np
import pytest

from eudaimon.core.errors import UsageError
from eudaimon.measure import balance, pooled_means


def simpson():
    """Arm b is worse in either domain, and better pooled: it was asked the easy one more often."""
    cells = {("a", "easy"): (9, 10), ("a", "hard"): (30, 90), ("b", "easy"): (72, 90), ("b", "hard"): (2, 10)}
    rows = [
        (value, arm, domain)
        for (arm, domain), (hits, n) in cells.items()
        for value in [1] * hits + [0] * (n - hits)
    ]
    return zip(*rows, strict=True)


def test_simpsons_table_is_refused_and_the_reversal_is_named():
    values, arms, domains = simpson()
    found = balance(values, arms, domains)
    assert found.pooled.tolist() == [0.39, 0.74]
    assert found.standardised == pytest.approx([(0.9 + 1 / 3) / 2, 0.5])
    assert found.reverses == (("a", "b"),)
    assert found.shift == pytest.approx(0.4)
    values, arms, domains = simpson()
    with pytest.raises(UsageError, match="40 % of their rows, and a and b change places"):
        pooled_means(values, arms, domains)


def test_equal_mixtures_are_pooled_whatever_their_size():
    arms = ["a"] * 4 + ["b"] * 8
    domains = ["x", "x", "y", "y"] * 3
    values = np.arange(12.0)
    found = balance(values, arms, domains)
    assert found.is_balanced
    assert found.shift == 0
    assert found.reason() == ""
    assert pooled_means(values, arms, domains) == {"a": 1.5, "b": 7.5}
    assert found.standardised == pytest.approx(found.pooled)


def test_a_stratum_that_one_arm_lacks_is_never_pooled():
    found = balance([0, 1] * 100 + [1], ["a"] * 100 + ["b"] * 101, ["x"] * 200 + ["y"])
    assert found.shift < 0.02
    assert found.empty == (("a", "y"),)
    assert not found.is_balanced
    assert "a has no row in y" in found.reason()
    assert np.isnan(found.standardised[0])


def test_one_lost_answer_of_a_hundred_is_no_other_mixture():
    arms, domains = ["a"] * 100 + ["b"] * 99, ["x", "y"] * 50 + ["x", "y"] * 49 + ["x"]
    assert balance(np.zeros(199), arms, domains).is_balanced


def test_lengths_must_agree():
    with pytest.raises(UsageError, match="lengths differ"):
        balance([1.0, 2.0], ["a"], ["x", "y"])
