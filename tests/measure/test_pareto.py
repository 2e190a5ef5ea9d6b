from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core import UsageError
from eudaimon.measure.panel import Panel
from eudaimon.measure.pareto import pareto, undominated

ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=6)


def panel(mean, noise=0.0, seed=0, n_seeds=4, n_questions=12):
    rng = np.random.default_rng(seed)
    cells = list(product(range(n_seeds), range(n_questions)))
    values = mean + noise * rng.standard_normal(len(cells))
    return Panel.of(values, [s for s, _ in cells], [f"q{q}" for _, q in cells])


@given(ROWS)
@settings(max_examples=30, deadline=None)
def test_the_front_is_what_pairwise_comparison_says(rows):
    x, y = (np.array([column], dtype=float) for column in zip(*rows, strict=True))
    expected = [not any(c >= a and d >= b and (c > a or d > b) for c, d in rows) for a, b in rows]
    assert undominated(x, y)[0].tolist() == expected and any(expected)


def test_a_clear_front_is_certain_and_a_worse_arm_is_never_on_it():
    x = {"safe": panel(0.9, 0.05, 1), "able": panel(0.2, 0.05, 2), "poor": panel(0.1, 0.05, 3)}
    y = {"safe": panel(0.3, 0.05, 4), "able": panel(0.9, 0.05, 5), "poor": panel(0.2, 0.05, 6)}
    found = {point.name: point for point in pareto(x, y, n_resamples=400)}
    assert [found[name].on_front for name in x] == [True, True, False]
    assert found["safe"].probability == found["able"].probability == 1 and found["poor"].probability == 0
    for point in found.values():
        assert point.x.low < point.x.value < point.x.high and point.x.n_seeds == 4
    turned = {point.name: point for point in pareto(x, y, x_better="lower", n_resamples=400)}
    assert [turned[name].on_front for name in x] == [False, True, True], "harm is better low"


def test_two_arms_that_differ_by_noise_share_the_front():
    x = {"a": panel(0.5, 0.3, 1), "b": panel(0.5, 0.3, 2)}
    y = {"a": panel(0.5, 0.3, 3), "b": panel(0.5, 0.3, 4)}
    found = pareto(x, y, n_resamples=1000)
    assert all(0.05 < point.probability <= 1 for point in found)
    assert sum(point.probability for point in found) > 1, "often neither beats the other"


def test_questions_that_are_hard_for_all_arms_cancel():
    hard = panel(0.0, 1.0, 7)
    better = Panel.of(hard.values + 0.1, np.array(hard.seed), np.array(hard.questions)[hard.question])
    same = {"a": hard, "b": hard}
    found = {point.name: point for point in pareto({"a": better, "b": hard}, same, n_resamples=200)}
    assert found["a"].probability == 1 and found["b"].probability == 0


def test_other_arms_or_questions_are_an_error():
    with pytest.raises(UsageError, match="b"):
        pareto({"a": panel(0), "b": panel(0)}, {"a": panel(0)})
    with pytest.raises(UsageError, match="other seeds or questions"):
        pareto({"a": panel(0), "b": panel(0, n_questions=5)}, {"a": panel(0), "b": panel(0)})
    with pytest.raises(UsageError, match="no direction"):
        pareto({"a": panel(0)}, {"a": panel(0)}, x_better="up")
