from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core.errors import UsageError
from eudaimon.measure import Panel, contrast, contrasts, equivalent, equivalent_by_seed, hierarchical, holm
from eudaimon.measure.panel_resampling import spread

FEW = settings(max_examples=25, deadline=None)


def panel(table: np.ndarray, first: int = 0) -> Panel:
    seeds, questions = np.indices(table.shape)
    return Panel.of(table.ravel(), seeds.ravel() + first, [f"q{k:03}" for k in questions.ravel()])


def crossed_table(rng, n_seeds=5, n_questions=24, seed_sd=0.1, question_sd=0.2, noise=0.05):
    return (
        0.5
        + seed_sd * rng.normal(size=(n_seeds, 1))
        + question_sd * rng.normal(size=(1, n_questions))
        + noise * rng.normal(size=(n_seeds, n_questions))
    )


def test_samples_of_a_question_are_one_value_and_every_seed_counts_the_same():
    one = Panel.of([0, 1, 1, 1, 0.5], [3, 3, 3, 9, 9], ["a", "a", "b", "a", "b"])
    assert one.values.tolist() == [0.5, 1.0, 1.0, 0.5]
    assert one.seeds == (3, 9)
    assert one.questions == ("a", "b")
    assert one.seed_means.tolist() == [0.75, 0.75]
    many = Panel.of([0, 0, 0, 1], [0, 0, 0, 1], ["a", "b", "c", "a"])
    assert many.mean == 0.5


@FEW
@given(st.integers(0, 10**6), st.floats(-2, 2))
def test_panel_does_not_depend_on_the_order_and_moves_with_its_values(seed, shift):
    rng = np.random.default_rng(seed)
    table = rng.random((3, 4))
    seeds, questions = (index.ravel() for index in np.indices(table.shape))
    order = rng.permutation(12)
    shuffled = Panel.of(table.ravel()[order], seeds[order], [f"q{k:03}" for k in questions[order]])
    a, b = hierarchical(panel(table), n_resamples=200), hierarchical(shuffled, n_resamples=200)
    assert a == b
    moved = hierarchical(panel(table + shift), n_resamples=200)
    assert moved.value == pytest.approx(a.value + shift)
    assert moved.low == pytest.approx(a.low + shift)
    assert a.low <= a.value <= a.high


@pytest.mark.parametrize("crossed", [True, False])
def test_coverage_where_pooling_does_not_cover(crossed):
    covered, pooled, runs = 0, 0, 300
    for run in range(runs):
        rng = np.random.default_rng(run)
        table = crossed_table(rng) if crossed else crossed_table(rng, question_sd=0, noise=0.25)
        found = hierarchical(panel(table), crossed=crossed, n_resamples=400, seed=run)
        covered += found.low <= 0.5 <= found.high
        error = 1.96 * table.std() / np.sqrt(table.size)
        pooled += abs(table.mean() - 0.5) <= error
    allowed = 3 * np.sqrt(0.05 * 0.95 / runs)
    assert covered / runs >= 0.95 - allowed
    assert pooled / runs < 0.8


def test_interval_is_not_wide_for_nothing():
    widths, ideal = [], 2 * 2.3 * np.sqrt(0.1**2 / 5 + 0.2**2 / 24 + 0.05**2 / 120)
    for run in range(60):
        found = hierarchical(panel(crossed_table(np.random.default_rng(run))), n_resamples=400)
        widths.append(found.high - found.low)
    assert np.mean(widths) < 1.4 * ideal


def test_contrast_rejects_seldom_under_the_null_and_often_for_a_real_difference():
    false, true, runs = 0, 0, 200
    for run in range(runs):
        rng = np.random.default_rng(run)
        shared = crossed_table(rng)
        a, b = (shared + crossed_table(rng, question_sd=0.02, seed_sd=0.05) for _ in range(2))
        false += contrast(panel(a), panel(b), n_resamples=400, seed=run).p <= 0.05
        true += contrast(panel(a + 0.2), panel(b), n_resamples=400, seed=run).p <= 0.05
    assert false / runs <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)
    assert true / runs > 0.9


def test_pairing_takes_out_what_makes_questions_hard():
    rng = np.random.default_rng(0)
    base = crossed_table(rng, question_sd=0.5, seed_sd=0.01)
    a, b = panel(base + 0.1), panel(base + 0.02 * rng.normal(size=base.shape))
    paired = contrast(a, b).difference
    alone = hierarchical(a)
    assert paired.high - paired.low < 0.3 * (alone.high - alone.low)
    swapped = contrast(b, a)
    assert swapped.difference.value == pytest.approx(-paired.value)
    assert (paired.n_seeds, paired.n_questions, paired.n) == (5, 24, 5)


def test_holm_over_the_named_contrasts():
    rng = np.random.default_rng(1)
    arms = [panel(crossed_table(rng) + shift) for shift in (0, 0, 0.3)]
    found = contrasts({"same": (arms[0], arms[1]), "other": (arms[0], arms[2])}, n_resamples=500)
    assert list(found) == ["same", "other"]
    assert [one.adjusted for one in found.values()] == holm([one.p for one in found.values()]).tolist()
    assert found["same"].adjusted >= found["same"].p


def test_equivalence_counts_seeds_not_questions():
    rng = np.random.default_rng(2)
    a, b = (panel(crossed_table(rng, n_seeds=4, n_questions=200)) for _ in range(2))
    found = equivalent_by_seed(a, b, 0.1)
    assert found == equivalent(a.seed_means, b.seed_means, 0.1)
    assert found.difference.n == 8


def test_one_seed_speaks_of_its_questions_only():
    found = hierarchical(panel(crossed_table(np.random.default_rng(0), n_seeds=1)))
    assert (found.n, found.n_seeds, found.n_questions) == (24, 1, 24)
    assert found.low < found.value < found.high
    single = hierarchical(panel(np.array([[0.3]])))
    assert (single.low, single.high) == (None, None)


def test_same_seed_same_interval_and_limits_cut_it():
    table = np.clip(crossed_table(np.random.default_rng(4), n_seeds=3, seed_sd=0.2) - 0.5, 0, 1)
    free = hierarchical(panel(table), seed=3)
    assert free == hierarchical(panel(table), seed=3)
    assert free != hierarchical(panel(table), seed=4)
    assert free.low < 0
    assert hierarchical(panel(table), seed=3, limits=(0, 1)).low == 0


def test_ragged_questions_need_the_nested_bootstrap():
    ragged = Panel.of([0.1, 0.2, 0.9, 0.4, 0.5], [0, 0, 1, 1, 1], ["a", "b", "c", "d", "e"])
    with pytest.raises(UsageError, match="5 of 2 x 5"):
        hierarchical(ragged)
    found = hierarchical(ragged, crossed=False)
    assert found.value == pytest.approx((0.15 + 0.6) / 2)


def test_arms_must_share_seeds_and_questions():
    table = np.random.default_rng(0).random((3, 4))
    with pytest.raises(UsageError, match="2 of their seeds: 0, 3"):
        contrast(panel(table), panel(table, first=1))
    with pytest.raises(UsageError, match="questions: q003"):
        contrast(panel(table), panel(table[:, :3]))
    a, b = (Panel.of([0, 1, 1], [0, 0, 1], names) for names in (["p", "q", "p"], ["p", "q", "q"]))
    with pytest.raises(UsageError, match="different questions at the same seed"):
        contrast(a, b, crossed=False)
    with pytest.raises(UsageError, match="no error to test"):
        contrast(panel(table[:1, :1]), panel(table[1:2, :1]))
    with pytest.raises(UsageError, match="no contrasts"):
        contrasts({})
    with pytest.raises(UsageError, match="of no use"):
        Panel.of([np.nan], [0], ["a"])
    with pytest.raises(UsageError, match="lengths differ"):
        Panel.of([0.5, 0.6], [0], ["a", "b"])


def test_among_many_arms_a_clear_difference_can_still_be_shown():
    rng = np.random.default_rng(3)
    base = crossed_table(rng, noise=0.01)
    arms = {f"arm {k}": (panel(crossed_table(rng, noise=0.01)), panel(base)) for k in range(219)}
    arms["clear"] = (panel(base - 0.8 + 0.02 * rng.normal(size=base.shape)), panel(base))
    found = contrasts(arms, n_resamples=500)
    assert found["clear"].adjusted < 0.05 < 220 * 2 / 501
    assert sum(one.adjusted < 0.05 for one in found.values()) <= 3
    same = contrasts({"same": (panel(base + 0.5), panel(base))}, n_resamples=500)["same"]
    assert same.p == pytest.approx(2 / 501)  # no variance to tell a smaller one from


def test_beyond_the_resamples_p_is_no_smaller_than_chance_makes_it():
    below, runs, level = 0, 1500, 0.001
    for run in range(runs):
        table = crossed_table(np.random.default_rng(run), n_seeds=3, n_questions=16) - 0.5
        known = spread(panel(table), True)
        below += known.tail(float(table.mean())) < level
    assert below <= 4  # 1.5 are expected at the nominal rate, and twelve of Satterthwaite's freedom
