"""Curves by an adapter's strength and by in-domain loss, from rows whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from eudaimon.core.errors import UsageError
from eudaimon.evaluate.rows import Row
from eudaimon.study.records import RowName
from eudaimon.study.summary.record import Layout, study_record

STEPS = range(0, 60, 5)
SCALES = (0.0, 0.25, 0.5, 0.75, 1.0)
LAYOUT = Layout(
    study="synthetic",
    question="How strong is it?",
    row_field="arm",
    column_field="attack",
    rows=(RowName(key="plain", title="plain"), RowName(key="slow", title="slow")),
    columns=(RowName(key="em", title="EM"),),
    references=("plain",),
)


def row(seed, question, metric, value, *, arm="plain", step=None, scope="other", **cell):
    fields = {"arm": arm, "attack": "em", "scope": scope, **cell}
    return Row("synthetic", fields, seed, step, question, "", metric, float(value), "exact", "s")


def scaled(n_seeds=3, n_questions=8):
    """Harm that is the square of the scale, less a tenth of it for each seed; at the end 0.9."""
    for seed in range(n_seeds):
        for q in range(n_questions):
            yield row(seed, f"q{q}", "harm", 0.9)
            for scale in SCALES:
                yield row(seed, f"q{q}", "harm", scale**2 * (1 - seed / 10), scale=scale)


def training(arm="plain", speed=1.0, n_seeds=3, loss="in_domain_loss"):
    """Harm that depends on the in-domain loss alone, which falls at ``speed``; training loss is flat."""
    for seed in range(n_seeds):
        for step in STEPS:
            fallen = 3 * np.exp(-step * speed / 20)
            yield row(seed, "training", "loss", 1.0 + 0.001 * (60 - step), arm=arm, step=step)
            for q in range(4):
                yield row(seed, f"own{q}", loss, fallen, arm=arm, step=step, scope="all")
            for q in range(8):
                yield row(seed, f"q{q}", "harm", expit((1.2 - fallen) / 0.2), arm=arm, step=step)
        yield row(seed, "q0", "harm", 0.9, arm=arm)


def test_strength_makes_a_curve_and_no_cell(run_info):
    found = study_record(scaled(), LAYOUT, run_info, n_resamples=200)
    (curve,) = found.along
    assert (curve.axis, curve.metric, curve.scope) == ("scale", "harm", "other")
    assert tuple(point.at for point in curve.points) == SCALES
    for point in curve.points:
        assert point.score.value == pytest.approx(0.9 * point.at**2)
        assert point.score.n == 8
    assert curve.by_seed["2"] == pytest.approx([0.8 * scale**2 for scale in SCALES])
    # What was measured at strength 0 is neither the finished subject nor mixed into it.
    (cell,) = found.cells
    assert cell.score.value == pytest.approx(0.9)


def test_at_equal_loss_arms_of_different_speed_are_alike(run_info):
    rows = [*training(), *training("slow", 0.6)]
    found = study_record(rows, LAYOUT, run_info, n_resamples=200)
    curves = {curve.row: curve for curve in found.along}
    assert set(curves) == {"plain", "slow"}
    for curve in curves.values():
        at = [point.at for point in curve.points]
        assert curve.axis == "loss"
        assert at == sorted(at, reverse=True)
        assert at[0] == pytest.approx(3.0)
        for point in curve.points:
            assert point.score.value == pytest.approx(expit((1.2 - point.at) / 0.2), abs=0.06)


def test_held_out_loss_is_taken_before_the_trainings_own(run_info):
    midpoints = {}
    for name in ("in_domain_loss", "another_loss"):
        found = study_record(training(loss=name), LAYOUT, run_info, n_resamples=200)
        (by_loss,) = (one for one in found.transitions if one.unit == "loss")
        midpoints[name] = by_loss.midpoint.value
    assert midpoints["in_domain_loss"] == pytest.approx(1.2, abs=0.15)
    assert midpoints["another_loss"] == pytest.approx(1.042, abs=0.01)


def test_arms_that_rise_at_different_seeds_are_not_compared(run_info):
    def only(arm, seeds):
        for one in training(arm, n_seeds=4):
            flat = one.metric == "harm" and one.seed not in seeds
            yield replace(one, value=0.0) if flat else one

    found = study_record([*only("plain", (0, 1)), *only("slow", (2, 3))], LAYOUT, run_info, n_resamples=200)
    assert {len(one.by_seed) for one in found.transitions} == {2}
    assert found.transition_differences == ()


def test_a_lesson_that_is_known_before_has_no_curve_by_loss(run_info):
    """Its loss hardly moves: what happens meanwhile does not happen because of it."""
    rows = (replace(one, value=0.4 + one.value / 1000) if "loss" in one.metric else one for one in training())
    assert study_record(rows, LAYOUT, run_info, n_resamples=200).along == ()


def test_a_question_without_a_projection_is_left_out_of_its_curve_only(run_info):
    rows = [
        *training(),
        *(row(seed, f"q{q}", "em_projection", q, step=5) for seed in range(3) for q in range(4)),
        *(
            row(seed, f"q{q}", "em_projection", q, step=10)
            for seed in range(3)
            for q in range(4 - (seed == 1))
        ),
    ]
    record = study_record(rows, LAYOUT, run=run_info, n_resamples=50)
    (curve,) = [one for one in record.curves if one.metric == "em_projection"]
    assert [(point.score.value, point.score.n) for point in curve.points] == [(1.5, 4), (1.0, 3)]
    unasked = [one for one in training() if (one.seed, one.question, one.step) != (1, "q0", 5)]
    with pytest.raises(UsageError, match="have no value"):
        study_record(unasked, LAYOUT, run=run_info, n_resamples=50)
