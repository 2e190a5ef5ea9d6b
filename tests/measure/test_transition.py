from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from eudaimon.core.errors import UsageError
from eudaimon.measure import CurvePanel, transition, transition_contrast
from eudaimon.measure.rise import fit_rises

FEW = settings(max_examples=20, deadline=None)
STEPS = np.arange(24) * 5.0
WIDTH = 4.0


def planted(rng, midpoints, n_questions=30, samples=10, rises=True):
    """Answers of which every question rises at its seed's midpoint, by a height of its own."""
    floor = rng.uniform(0, 0.1, size=n_questions)[:, None]
    height = rng.uniform(0.2, 0.9, size=n_questions)[:, None] if rises else 0.0
    share = floor + height * expit((STEPS - np.asarray(midpoints)[:, None, None]) / WIDTH)
    values = rng.binomial(samples, share) / samples
    names = tuple(f"q{k:03}" for k in range(n_questions))
    return CurvePanel(values, tuple(range(len(midpoints))), names, STEPS)


@FEW
@given(st.floats(30, 85), st.floats(3, 10), st.floats(0, 0.3), st.floats(0.2, 0.7), st.floats(1, 50))
def test_an_exact_rise_is_found_whatever_the_unit_of_the_steps(midpoint, width, floor, rise, unit):
    curve = floor + rise * expit((STEPS - midpoint) / width)
    found = fit_rises(STEPS * unit, curve[None])
    assert found.midpoint[0] / unit == pytest.approx(midpoint, abs=1)
    assert found.width[0] / unit == pytest.approx(width, rel=0.2)
    assert found.rise[0] == pytest.approx(rise, rel=0.1)


def test_what_only_falls_has_no_rise():
    falls = 0.8 - 0.6 * expit((STEPS - 50) / WIDTH)
    found = fit_rises(STEPS, np.stack([falls, np.full(24, 0.3)]))
    assert found.rise == pytest.approx([0, 0], abs=1e-9)
    with pytest.raises(UsageError, match="six or more"):
        fit_rises(STEPS[:5], falls[None, :5])


@pytest.mark.slow
def test_planted_change_points_lie_in_their_intervals():
    runs, held = 300, {"onset": 0, "midpoint": 0, "end": 0, "later": 0}
    away = WIDTH * np.log(9)
    truth = {"onset": 50 - away, "midpoint": 50, "end": 50 + away, "later": 10}
    rng = np.random.default_rng(0)
    for run in range(runs):
        midpoints = 50 + 8 * rng.normal(size=5)
        arm = planted(rng, midpoints)
        later = planted(rng, midpoints + 10 + 4 * rng.normal(size=5))
        found = transition(arm, n_resamples=100, seed=run)
        scores = {name: getattr(found, name) for name in ("onset", "midpoint", "end")}
        scores["later"] = transition_contrast(later, arm, n_resamples=100, seed=run).difference
        for name, score in scores.items():
            held[name] += score.low <= truth[name] <= score.high
    for name, count in held.items():
        assert 0.91 <= count / runs <= 0.985, name


def test_arms_that_rise_together_are_seldom_told_apart():
    runs, called = 100, 0
    rng = np.random.default_rng(1)
    for run in range(runs):
        shared = 50 + 8 * rng.normal(size=5)
        a, b = (planted(rng, shared + 4 * rng.normal(size=5), n_questions=15) for _ in range(2))
        called += transition_contrast(a, b, n_resamples=200, seed=run).p <= 0.05
    assert called / runs <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)


def test_without_a_rise_there_is_no_transition():
    assert transition(planted(np.random.default_rng(0), [50] * 4, rises=False), n_resamples=50) is None


def test_seeds_without_a_rise_are_named():
    rng = np.random.default_rng(1)
    some = planted(rng, [40, 60, 50])
    values = some.values.copy()
    values[1] = 0.05
    found = transition(CurvePanel(values, some.seeds, some.questions, STEPS), n_resamples=100)
    assert found.without == (1,)
    assert sorted(found.by_seed) == [0, 2]
    assert found.midpoint.n_seeds == 2
    assert found.midpoint.value == pytest.approx(45, abs=3)


def test_slow_learners_are_late_by_step_and_not_by_loss():
    # Two arms of which one learns at half the speed; harm comes at the same loss in both.
    rng = np.random.default_rng(2)
    middles = np.array([35.0, 38.0, 32.0, 40.0])
    fast, slow = planted(rng, middles), planted(rng, 2 * middles)
    loss_fast = 3 * np.exp(-STEPS[None] / middles[:, None]) + 0.02 * rng.normal(size=(4, 24))
    loss_slow = 3 * np.exp(-STEPS[None] / (2 * middles[:, None])) + 0.02 * rng.normal(size=(4, 24))
    by_step = transition_contrast(slow, fast, n_resamples=300)
    assert by_step.difference.value == pytest.approx(middles.mean(), abs=5)
    assert by_step.p < 0.05
    by_loss = transition_contrast(slow, fast, axis=(loss_slow, loss_fast), unit="nats", n_resamples=300)
    assert by_loss.difference.value == pytest.approx(0, abs=0.15)
    assert by_loss.p > 0.05
    at = transition(fast, axis=loss_fast, unit="nats", n_resamples=300)
    assert at.midpoint.value == pytest.approx(3 / np.e, abs=0.15)
    assert at.midpoint.unit == "nats"
    assert at.onset.value > at.midpoint.value > at.end.value
    grid = [2.0, 1.5, 1.1]
    gap = slow.on_axis(loss_slow, grid) - fast.on_axis(loss_fast, grid)
    assert np.abs(gap.mean(0)).max() < 0.08
    assert np.abs(slow.values.mean((0, 1)) - fast.values.mean((0, 1))).max() > 0.4
    assert np.isnan(slow.on_axis(loss_slow, [9.0])).all()


def test_rows_become_curves_and_gaps_are_refused():
    rows = [(s, q, t) for s in (3, 1) for q in ("b", "a") for t in (10, 0, 5)]
    seeds, questions, steps = zip(*rows, strict=True)
    values = [s + t / 100 + (q == "a") for s, q, t in rows]
    panel = CurvePanel.of(values, seeds, questions, steps)
    assert panel.seeds == (1, 3)
    assert panel.questions == ("a", "b")
    assert panel.values[0, 0].tolist() == pytest.approx([2.0, 2.05, 2.1])
    assert panel.falling([[3, 1, 2], [3, 2, 1]]).tolist() == [[3, 1.5, 1.5], [3, 2, 1]]
    with pytest.raises(UsageError, match="1 of 2 seeds x 2 questions x 3 steps"):
        CurvePanel.of(values[1:], seeds[1:], questions[1:], steps[1:])
    with pytest.raises(UsageError, match="axis of shape"):
        panel.falling([[1, 2, 3]])


def test_unpaired_curves_are_refused():
    rng = np.random.default_rng(3)
    a, b = planted(rng, [40, 50]), planted(rng, [40, 50, 60])
    with pytest.raises(UsageError, match="do not share"):
        transition_contrast(a, b)
    with pytest.raises(UsageError, match="0 seeds have a rise"):
        transition_contrast(a, planted(rng, [40, 50], rises=False), n_resamples=50)


def test_questions_at_matched_loss_average_to_their_curve():
    rng = np.random.default_rng(0)
    curves, losses = (
        planted(rng, np.array([20.0, 30.0, 40.0])),
        np.array([np.linspace(3, 0.2, len(STEPS))] * 3),
    )
    grid = [2.5, 1.0, 0.3, 9.0]
    each = curves.questions_on_axis(losses, grid)
    assert each.shape == (3, len(curves.questions), 4)
    np.testing.assert_allclose(each.mean(1), curves.on_axis(losses, grid))
    last = curves.values[:, :, -1]
    np.testing.assert_allclose(curves.questions_on_axis(losses, [0.2])[:, :, 0], last)
