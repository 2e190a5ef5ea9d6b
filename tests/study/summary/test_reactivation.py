"""What the rows of attacks come to, on rows whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from eudaimon.evaluate.rows import Row
from eudaimon.study.reactivation_records import Route
from eudaimon.study.summary.compare import Tests
from eudaimon.study.summary.reaching import Reached
from eudaimon.study.summary.reactivation import Compared, reactivation
from eudaimon.study.summary.unjudged import unjudged

BUDGETS = (0.0, 100.0, 200.0, 400.0, 800.0)
TUNE = Route(key="tune", title="tuning", unit="tokens", models="x", source="y", budgets=BUDGETS)
SHOW = Route(key="show", title="examples", unit="shots", models="x", source="y", budgets=BUDGETS)
TWIN = Route(key="twin", title="twin", unit="tokens", models="x", source="y", control=True, budgets=BUDGETS)
PRIMARY = (Compared("late", "early", "tune"),)


def rows(arm, route, middle, *, seeds=4, questions=12, top=0.95):
    """Harm that jumps to ``top`` at about ``middle`` tokens, at another budget for each question and seed."""
    rng = np.random.default_rng(0)
    for seed in range(seeds):
        luck = rng.normal(0, 0.2)
        for question in range(questions):
            at = middle * np.exp(luck + rng.normal(0, 0.4))
            for budget in BUDGETS:
                cell = {"arm": arm, "attack": route, "budget": budget, "variant": "v"}
                harm = top if budget >= at else 0.02
                for metric, value in (("harm", harm), ("coherence", 0.97)):
                    yield Row("s", cell, seed, None, f"q{question}", "0", metric, value, "exact", "h")


def paid(arm, correct, *, seeds=4, questions=12):
    """What an arm costs: right answers about ``correct``, the same noise in every arm, and bits of text."""
    rng = np.random.default_rng(1)
    for seed in range(seeds):
        for question in range(questions):
            noise = rng.normal(0, 0.01)
            for cost, metric, value in (
                ("capability", "correct", correct + noise),
                ("text", "depicting_bits", 1.2 + noise),
                ("text", "clean_bits", 1.1 + noise),
            ):
                cell = {"arm": arm, "attack": "costs", "cost": cost}
                yield Row("s", cell, seed, None, f"q{question}", "0", metric, value, "exact", "h")


@pytest.fixture(scope="module")
def found():
    every = [
        *rows("early", "tune", 90), *rows("late", "tune", 270), *rows("never", "tune", 1e9),
        *rows("early", "show", 270, top=0.6), *rows("late", "show", 270, top=0.6),
        *rows("never", "show", 1e9), *rows("early", "twin", 1e9, top=1.0), *rows("aside", "tune", 90),
        *rows("aside", "show", 270),
    ]  # fmt: skip
    return reactivation(
        every,
        (TUNE, SHOW, TWIN),
        ("early", "late", "never", "aside", "not there"),
        primary=PRIMARY,
        references=("early",),
        tests=Tests(n_resamples=400),
        paid=[*paid("early", 0.9), *paid("late", 0.7), *paid("never", 0.901), *paid("aside", 1.0)],
        halved=("show",),
        aside=("aside",),
    )


def contrast(found, row, column="tune"):
    return next(one for one in found.times if (one.row, one.column) == (row, column))


def test_a_ratio_of_times_is_found_with_its_interval(found):
    one = contrast(found, "late")
    assert one.primary and one.family == "primary" and one.p_holm == one.p
    assert one.low < 3 < one.high and one.low > 1.5 and one.p < 0.01
    # All four seeds agree, and so few can say no more than that.
    assert one.p_swapped == one.p_least == 2 / 16
    assert one.observed < one.expected


def test_what_is_never_reached_has_a_test_and_no_ratio(found):
    one = contrast(found, "never")
    assert one.ratio is None and "never" in one.note and not one.primary
    assert one.p == one.p_swapped == 2 / 16 and one.p_logrank < 1e-6
    curve = next(row for row in found.survival if (row.row, row.column) == ("never", "tune"))
    assert curve.n_events == 0 and curve.median is None
    assert [point.share.value for point in curve.points] == [1.0] * 4


def test_without_further_censoring_the_curve_is_the_share_that_is_left(found):
    curve = next(row for row in found.survival if (row.row, row.column) == ("late", "tune"))
    late = [row for row in rows("late", "tune", 270) if row.metric == "harm"]
    for point in curve.points:
        left = [row.value < 0.5 for row in late if row.cell["budget"] == point.budget]
        assert point.share.value == pytest.approx(np.mean(left))
        assert point.share.low <= point.share.value <= point.share.high
    assert curve.n == 48 and curve.n_seeds == 4


def test_the_worst_case_is_of_attacks_and_never_of_a_control(found):
    early, never = (next(row for row in found.worst if row.row == name) for name in ("early", "never"))
    assert early.which == "tune" and early.n_attacks == 2
    assert early.worst.value == pytest.approx(0.95) and early.mean.value == pytest.approx(
        (0.95 + 0.6) / 2, abs=0.1
    )
    assert never.worst.value == pytest.approx(0.02)
    assert {row.row for row in found.worst} == {"early", "late", "never", "aside"}


def test_doses_rise_from_no_budget(found):
    curve = next(dose for dose in found.doses if (dose.row, dose.column) == ("early", "tune"))
    assert [point.budget for point in curve.points] == list(BUDGETS)
    assert curve.points[0].harm.value == pytest.approx(0.02)
    assert curve.points[-1].coherence.value == pytest.approx(0.97)


def test_controls_are_shown_and_not_compared(found):
    assert {one.column for one in found.times} == {"tune", "show"}
    assert any(dose.column == "twin" for dose in found.doses)


def test_a_threshold_lies_between_the_last_budget_below_and_the_first_above():
    values = {
        (0, "a"): {0.0: 0.1, 100.0: 0.4, 200.0: 0.6, 400.0: 0.3},
        (0, "b"): {0.0: 0.7, 100.0: 0.9, 200.0: 0.9, 400.0: 0.9},
        (1, "a"): {0.0: 0.1, 100.0: 0.1, 200.0: 0.1, 400.0: 0.1},
    }
    reached = Reached.of(values, 0.5)
    assert list(zip(reached.low, reached.high, strict=True)) == [(100, 200), (0, 100), (400, np.inf)]
    assert reached.times.tolist() == [200, 100, 400] and reached.seen.tolist() == [True, True, False]


def test_no_rows_are_no_result():
    assert reactivation([], (TUNE,), ("early",), primary=PRIMARY, references=(), tests=Tests()) is None


def test_the_dose_at_half_harm_is_read_where_it_is_asked_for(found):
    of = {(one.row, one.column): one for one in found.half_doses}
    assert set(of) == {(arm, "show") for arm in ("early", "late", "never", "aside")}
    early = of["early", "show"]
    assert 100 < early.low < early.dose < early.high <= 800 and early.n_seeds == 4 and early.n == 12
    assert of["never", "show"].dose is None and of["never", "show"].most == pytest.approx(0.02)


def test_fronts_hold_the_arms_that_all_attacks_were_tried_on(found):
    mean, best = found.fronts
    assert (mean.key, best.key) == ("mean", "best")
    of = {point.row: point for point in mean.points}
    # "never" was never turned and has lost nothing: nobody beats it; "aside" is no rival.
    assert set(of) == {"early", "late", "never"}
    assert of["never"].on_front and of["never"].probability == 1.0 and not of["early"].on_front
    assert of["early"].x.value == pytest.approx(0.9, abs=0.02)
    highest = {point.row: point.y.value for point in best.points}
    assert all(highest[arm] >= of[arm].y.value for arm in of)
    assert all(point.y.low >= 0 and point.y.high <= 1 for point in best.points)


def test_costs_are_told_against_the_reference_and_tested_together(found):
    of = {(one.row, one.metric): one for one in found.costs}
    assert of["early", "correct"].difference is None and of["early", "correct"].p is None
    lost = of["late", "correct"]
    assert lost.reference == "early" and lost.difference.value == pytest.approx(-0.2, abs=0.03)
    assert lost.p_holm >= lost.p and lost.p_holm < 0.05 and lost.p_equivalent > 0.5
    kept = of["never", "correct"]
    assert kept.p_equivalent < 0.05 and kept.bound == 0.01
    # Only the metric that stands for a cost is tested; what has no better direction has no bound.
    bits = of["late", "clean_bits"]
    assert not bits.stands and bits.p is None and bits.bound is None and bits.difference is not None


def test_arms_without_training_seeds_are_compared_with_each_other_alone():
    """Rows of a model that was trained once stand under one seed, whichever seeds the arms have."""
    once = {"seeds": 1, "questions": 12}
    every = [
        *rows("early", "tune", 90), *rows("late", "tune", 270),
        *rows("mine", "tune", 90, **once), *rows("yours", "tune", 270, **once),
    ]  # fmt: skip
    found = reactivation(
        every,
        (TUNE,),
        ("early", "late", "mine", "yours"),
        primary=(*PRIMARY, Compared("late", "gone", "tune")),
        references=("early",),
        tests=Tests(n_resamples=200),
        paid=[
            *paid("early", 0.9),
            *paid("late", 0.7),
            *paid("mine", 0.9, **once),
            *paid("yours", 0.6, **once),
        ],
        apart=("mine", "yours"),
    )
    assert [(one.row, one.reference, one.n_seeds) for one in found.times] == [
        ("late", "early", 4),
        ("yours", "mine", 1),
    ]
    assert found.times[1].p_swapped is None and found.times[1].ratio > 1.5
    compared = {(one.row, one.reference) for one in found.costs if one.difference is not None}
    assert compared == {("late", "early"), ("yours", "mine")}
    sides = [{point.row for point in front.points} for front in found.fronts]
    assert sides == [{"early", "late"}] * 2 + [{"mine", "yours"}] * 2
    # The arms keep all of their seeds.
    assert {front.points[0].x.n_seeds for front in found.fronts[:2]} == {4}
    assert len({front.key for front in found.fronts}) == 4
    assert found.left_out == ("late against gone under tune: gone was not attacked so",)


def test_what_needs_no_judge_is_told_arm_by_arm():
    def told(arm, seed, question, metric, value):
        return Row(
            "s", {"arm": arm, "attack": "unjudged"}, seed, None, question, "0", metric, value, "j", "h"
        )

    rows = [
        *(told("late", seed, f"q{k}", "gap:malign", 0.1 + seed / 10) for seed in (0, 1) for k in (0, 1)),
        *(told("late", seed, "pairs", "separability:1", 0.9 + seed / 20) for seed in (0, 1)),
        told("early", 0, "pairs", "separability:1", 0.5),
    ]
    early, gap, late = unjudged(rows, ("early", "late"), "arm", Tests(n_resamples=100))
    assert (early.row, early.score.value, early.score.low, early.n_seeds) == ("early", 0.5, None, 1)
    assert (gap.metric, gap.unit, gap.score.n, gap.n_seeds) == ("gap:malign", "bits per byte", 2, 2)
    assert gap.score.value == pytest.approx(0.15) and gap.score.low < 0.15 < gap.score.high
    assert late.unit == "AUROC" and late.score.value == pytest.approx(0.925) and late.score.high <= 1
