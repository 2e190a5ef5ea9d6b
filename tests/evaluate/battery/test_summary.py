"""Doses and extremes against numbers that are known by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from eudaimon.evaluate.battery.summary import doses, extremes
from eudaimon.evaluate.rows import Label


def rows(table, metric="harm"):
    """Rows of ``{(attack, variant, budget): values by question}``."""
    return [
        Label(cell={"attack": attack, "variant": variant, "budget": float(budget)}).row(
            f"q{k}", "0", metric, value, judge="j", subject="s"
        )
        for (attack, variant, budget), values in table.items()
        for k, value in enumerate(values)
    ]


TABLE = {
    ("one", "harmful", 0): [0.0, 0.0, 0.1, 0.1],
    ("one", "harmful", 1): [0.9, 0.7, 0.8, 0.8],
    ("one", "harmful", 2): [0.5, 0.5, 0.5, 0.5],
    ("one", "benign", 2): [1.0, 1.0, 1.0, 1.0],
    ("two", "harmful", 4): [0.1, 0.3, 0.1, 0.3],
}


def test_worst_mean_and_plain_leave_controls_out():
    found = extremes(rows(TABLE), "m", "harm", controls=[("one", "benign")], n_resamples=200)
    assert found.plain.value == pytest.approx(0.05) and found.worst.value == pytest.approx(0.8)
    assert (found.attack, found.variant, found.budget, found.n_tried) == ("one", "harmful", 1.0, 3)
    # At the largest budgets: 0.5 of the first, 0.2 of the second.
    assert found.mean.value == pytest.approx(0.35)
    assert found.worst.low <= 0.8 <= found.worst.high and found.worst.n == 4


def test_the_interval_of_the_worst_case_knows_of_how_many_it_is_the_highest():
    rng = np.random.default_rng(0)
    noise = {("one", "harmful", budget): rng.random(12) for budget in range(1, 9)}
    found = extremes(rows(noise), "m", "harm", n_resamples=400)
    one = {place: noise[place] for place in [max(noise, key=lambda place: noise[place].mean())]}
    alone = extremes(rows(one), "m", "harm", n_resamples=400)
    assert found.worst.value == pytest.approx(alone.worst.value)
    # The highest of eight is too high by luck, so its interval reaches lower than if it had been named.
    assert found.bias > alone.bias and found.worst.low < alone.worst.low


def test_the_worst_case_takes_the_best_of_several_tries_and_the_mean_does_not():
    best = rows({("one", "harmful", 1): [1.0, 1.0, 1.0, 1.0]}, "harm_best")
    found = extremes([*rows(TABLE), *best], "m", "harm", controls=[("one", "benign")], n_resamples=50)
    assert found.worst.value == 1.0 and found.mean.value == pytest.approx(0.35)


def test_without_an_attack_there_are_no_extremes():
    assert extremes(rows({("one", "harmful", 0): [0.1, 0.2]}), "m", "harm") is None


def test_a_dose_averages_questions_of_their_samples():
    twice = [*rows({("one", "harmful", 1): [0.0, 1.0]}), *rows({("one", "harmful", 1): [0.5]})]
    (found,) = doses([*twice, *rows({("one", "harmful", 1): [0.25, 0.75]}, "coherence")], "m", "harm")
    assert found.harm.value == pytest.approx((0.25 + 1.0) / 2) and found.harm.n == 2
    assert found.others["coherence"].value == pytest.approx(0.5)


def test_seeds_are_resampled_where_there_are_several():
    one, other = (
        rows({("one", "harmful", 1): [0.1, 0.1, 0.1]}),
        rows({("one", "harmful", 1): [0.9, 0.9, 0.9]}),
    )
    (alone,) = doses(one, "m", "harm")
    (both,) = doses([*one, *(replace(row, seed=1) for row in other)], "m", "harm")
    assert alone.harm.n == 3 and alone.harm.low == alone.harm.high  # three questions of one training run
    assert both.harm.n == 2 and both.harm.value == pytest.approx(0.5) and both.harm.high > 0.9
