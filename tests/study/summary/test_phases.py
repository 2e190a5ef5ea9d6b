"""Change points and verdicts of a study, from rows whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from eudaimon.core.errors import UsageError
from eudaimon.evaluate.rows import Row
from eudaimon.study.records import RowName
from eudaimon.study.summary.hypotheses import Predicted
from eudaimon.study.summary.record import Layout, study_record
from eudaimon.study.summary.turns import turn

STEPS = range(0, 60, 5)
LAYOUT = Layout(
    study="synthetic",
    question="When does it come?",
    row_field="arm",
    column_field="attack",
    rows=tuple(RowName(key=arm, title=arm) for arm in ("early", "late", "never")),
    columns=(RowName(key="em", title="EM"),),
    references=("early",),
)


def row(arm, seed, step, question, metric, value):
    cell = {"arm": arm, "attack": "em", "scope": "other"}
    return Row("synthetic", cell, seed, step, question, "", metric, float(value), "exact", "s")


def training(speed=1.0, middle=20.0, rise=0.8, arm="early", n_seeds=4, n_questions=12):
    """Harm that rises at ``middle / speed`` of training, while the loss falls at that speed."""
    rng = np.random.default_rng(0)
    for seed in range(n_seeds):
        own = middle + 2 * rng.normal()
        for step in STEPS:
            yield row(arm, seed, step, "training", "loss", 3 * np.exp(-step * speed / 20))
            for q in range(n_questions):
                share = 0.05 + rise * (0.5 + q / n_questions / 2) * expit((step * speed - own) / 2.5)
                yield row(arm, seed, step, f"q{q:02}", "harm", share + 0.01 * rng.normal())
        for q in range(n_questions):
            yield row(arm, seed, None, f"q{q:02}", "harm", min(1.0, 0.05 + rise + 0.05 * rng.random()))


def record(rows, run_info, layout=LAYOUT):
    return study_record(rows, layout, run_info, n_resamples=300)


def test_a_slow_arm_is_late_by_step_and_not_by_loss(run_info):
    rows = [*training(), *training(speed=0.6, arm="late"), *training(rise=0.0, arm="never")]
    found = record(rows, run_info)
    at = {(one.row, one.unit): one for one in found.transitions}
    assert set(at) == {("early", "steps"), ("early", "loss"), ("late", "steps"), ("late", "loss")}
    assert at["early", "steps"].midpoint.value == pytest.approx(20, abs=2.5)
    assert at["late", "steps"].midpoint.value == pytest.approx(20 / 0.6, abs=3)
    assert at["early", "loss"].midpoint.value == pytest.approx(3 / np.e, abs=0.2)
    assert len(at["early", "steps"].by_seed) == 4
    differs = {one.unit: one for one in found.transition_differences}
    assert differs["steps"].p_holm < 0.01
    assert differs["loss"].p_holm > 0.05
    assert (differs["steps"].row, differs["steps"].reference) == ("late", "early")


def test_curves_of_few_steps_have_no_change_points(run_info):
    rows = [one for one in training() if one.step is None or one.step < 25]
    assert record(rows, run_info).transitions == ()


def test_every_prediction_is_decided_and_unfinished_ones_still_count(synthetic, run_info):
    def predicted(name, arm, direction, bound=0.03):
        return Predicted(name, arm, "raw", "em", "other", "harm", direction, bound)

    layout = replace(
        LAYOUT,
        rows=tuple(RowName(key=arm, title=arm) for arm in ("raw", "up", "same", "absent")),
        references=("raw",),
        predictions=(
            predicted("H1", "up", "more"),
            predicted("H2", "up", "less"),
            predicted("H3", "same", "more"),
            predicted("H4", "absent", "more"),
        ),
    )
    rows = list(synthetic({"raw": 0.4, "up": 0.6, "same": 0.4}))
    found = {one.name: one for one in record(rows, run_info, layout).hypotheses}
    assert {name: one.verdict for name, one in found.items()} == {
        "H1": "supported",
        "H2": "not supported",
        "H3": "not supported",
    }
    assert {one.n_tests for one in found.values()} == {4}
    assert found["H1"].p_holm == pytest.approx(4 * found["H1"].p)
    assert "0.03" in " ".join(found["H3"].reasons)
    half = {one.name for one in record(synthetic({"raw": 0.4, "up": 0.6}), run_info, layout).hypotheses}
    assert half == {"H1", "H2"}
    one_seed = synthetic({"raw": 0.4, "up": 0.6}, n_seeds=1)
    assert record(one_seed, run_info, layout).hypotheses == ()


def test_a_turn_is_recorded_in_training_steps_and_survives_json(run_info):
    rng = np.random.default_rng(0)
    first, second = np.linalg.qr(rng.normal(size=(30, 2)))[0].T
    along = np.where(np.arange(61)[:, None] < 20, first, second)
    weights = (3 * along + 0.5 * rng.normal(size=(61, 30))).cumsum(0)[:, :, None]
    steps = range(0, 305, 5)
    name = {"row": "early", "column": "em", "module": "down_proj", "run_seed": 3}
    found = turn(weights, steps, **name, lags=(5, 10), n_permutations=99)
    assert found.lags == (25, 50)
    assert found.p_all <= 0.03
    assert abs(found.at[1] - 95) <= 15
    assert found.cosines[0][:6].count(None) == 5
    record = study_record(training(), LAYOUT, run_info, turns=[found], n_resamples=100)
    assert type(record).model_validate_json(record.model_dump_json()).turns == (found,)
    with pytest.raises(UsageError, match="equally far apart"):
        turn(weights, [*steps[:-1], 999], **name)
