from __future__ import annotations

import numpy as np
import pytest

from eudaimon.core.errors import UsageError
from eudaimon.measure import Components, contrast, power, power_plan


def difference(rng, spreads, n_seeds, n_questions, effect):
    return (
        effect
        + spreads.seed * rng.normal(size=(n_seeds, 1))
        + spreads.question * rng.normal(size=(1, n_questions))
        + spreads.cell * rng.normal(size=(n_seeds, n_questions))
    )


@pytest.mark.parametrize(
    ("spreads", "n_seeds", "n_questions"),
    [
        (Components(0.03, 0.15, 0.1), 5, 60),
        (Components(0.0, 0.1, 0.3), 5, 60),
        (Components(0.06, 0.1, 0.1), 8, 30),
    ],
)
def test_the_planned_power_is_the_one_that_the_test_has(panel, spreads, n_seeds, n_questions):
    rng, runs = np.random.default_rng(0), 300
    zero = panel(np.zeros((n_seeds, n_questions)))
    found = sum(
        contrast(panel(difference(rng, spreads, n_seeds, n_questions, 0.08)), zero, n_resamples=1000).p
        <= 0.05
        for _ in range(runs)
    )
    planned = power(spreads, 0.08, n_seeds, n_questions)
    assert found / runs == pytest.approx(planned, abs=0.03 + 3 * 0.5 / np.sqrt(runs))


def test_power_grows_with_the_effect_with_seeds_and_as_spreads_shrink():
    spreads = Components(4.0, 15.0, 20.0)
    assert power(spreads, 0.0, 5, 60) <= 0.05
    for weaker, stronger in (
        (power(spreads, 3, 5, 60), power(spreads, 6, 5, 60)),
        (power(spreads, 6, 5, 60), power(spreads, 6, 10, 60)),
        (power(spreads, 6, 10, 60), power(spreads, 6, 10, 120)),
        (power(spreads, 6, 10, 60, alpha=0.01), power(spreads, 6, 10, 60)),
        (power(spreads, 6, 10, 60), power(Components(2.0, 15.0, 20.0), 6, 10, 60)),
    ):
        assert weaker < stronger
    assert power(spreads, 6, 5, 60) == power(spreads, -6, 5, 60)
    assert power(spreads, 600, 20, 400) == pytest.approx(1)


def test_no_number_of_questions_makes_up_for_seeds():
    plan = power_plan(Components(4.0, 15.0, 20.0), 3.0, seeds=(5, 30), questions=(60, 600))
    assert plan.least[0] is None
    assert plan.table[0].max() < 0.4
    least = plan.least[1]
    assert least is not None
    assert power(Components(4.0, 15.0, 20.0), 3.0, 30, least) >= 0.8
    assert power(Components(4.0, 15.0, 20.0), 3.0, 30, int(least / 1.1)) < 0.8
    assert power_plan(Components(4.0, 15.0, 20.0), 3.0, n_tests=4).alpha == 0.0125


def test_a_pilot_gives_back_the_spreads_that_were_planted(panel):
    rng, planted = np.random.default_rng(1), Components(0.05, 0.15, 0.1)
    zero = panel(np.zeros((6, 40)))
    pilots = [Components.of(panel(difference(rng, planted, 6, 40, 0.1)), zero) for _ in range(200)]
    for name in ("seed", "question", "cell"):
        mean_square = np.mean([getattr(pilot, name) ** 2 for pilot in pilots])
        assert np.sqrt(mean_square) == pytest.approx(getattr(planted, name), rel=0.1), name
    assert np.mean([pilot.seed_high >= 0.05 for pilot in pilots]) == pytest.approx(0.8, abs=0.1)
    one = pilots[0]
    assert one.cautious().seed == one.seed_high
    assert planted.cautious() == planted


def test_what_cannot_be_planned_is_refused(panel):
    with pytest.raises(UsageError, match="1 seeds and 3 questions"):
        Components.of(panel(np.ones((1, 3))), panel(np.zeros((1, 3))))
    with pytest.raises(UsageError, match="at least one over 0"):
        Components.of(panel(np.ones((2, 3))), panel(np.zeros((2, 3))))
    with pytest.raises(UsageError, match="effect is 0"):
        power_plan(Components(1, 1, 1), 0)
    with pytest.raises(UsageError, match="at least two of each"):
        power(Components(1, 1, 1), 1, 1, 60)
