"""Change points and verdicts of a study, from rows whose truth is known."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import expit

from eudaimon.core import Score
from eudaimon.core.errors import UsageError
from eudaimon.evaluate.rows import Row
from eudaimon.study.records import RowName
from eudaimon.study.summary.predictions import (
    Predicted,
    PredictedTransfer,
    PredictedTransition,
    Predictions,
    read_predictions,
)
from eudaimon.study.summary.record import Layout, study_record
from eudaimon.study.summary.several import transfer_hypotheses
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
        place = {"row": arm, "reference": "raw", "column": "em", "scope": "other", "metric": "harm"}
        return Predicted(name=name, says=f"{name}.", direction=direction, bound=bound, **place)

    layout = replace(
        LAYOUT,
        rows=tuple(RowName(key=arm, title=arm) for arm in ("raw", "up", "same", "absent")),
        references=("raw",),
        predictions=Predictions(
            differences=(
                predicted("H1", "up", "more"),
                predicted("H2", "up", "less"),
                predicted("H3", "same", "more"),
                predicted("H4", "absent", "more"),
                predicted("H5", "up", "different"),
            )
        ),
    )
    rows = list(synthetic({"raw": 0.4, "up": 0.6, "same": 0.4}))
    found = {one.name: one for one in record(rows, run_info, layout).hypotheses}
    assert {name: one.verdict for name, one in found.items()} == {
        "H1": "supported",
        "H2": "not supported",
        "H3": "not supported",
        "H4": "undecided",
        "H5": "supported",
    }
    assert {one.n_tests for name, one in found.items() if name != "H4"} == {5}
    assert found["H1"].p_holm == pytest.approx(5 * found["H1"].p)
    assert (found["H4"].difference, found["H1"].says) == (None, "H1.")
    assert "0.03" in " ".join(found["H3"].reasons)
    half = record(synthetic({"raw": 0.4, "up": 0.6}), run_info, layout).hypotheses
    assert [one.name for one in half if one.difference is not None] == ["H1", "H2", "H5"]
    one_seed = record(synthetic({"raw": 0.4, "up": 0.6}, n_seeds=1), run_info, layout).hypotheses
    assert {one.verdict for one in one_seed} == {"undecided"} and len(one_seed) == 5


def test_a_transition_at_another_step_is_decided(run_info):
    def decided(*names, **more):
        one = PredictedTransition(
            name="H3", rows=names, column="em", unit="steps", **{"reference": "early", "bound": 5} | more
        )
        layout = replace(LAYOUT, predictions=Predictions(transitions=(one,)))
        (found,) = record(rows, run_info, layout).hypotheses
        return found

    rows = [*training(), *training(speed=0.6, arm="late"), *training(rise=0.0, arm="never")]
    found = decided("late")
    assert (found.verdict, found.row) == ("supported", "late")
    assert found.difference.value > 5
    assert decided("late", bound=1000).verdict == "not supported"
    several = decided("late", "never", "nowhere")
    assert several.n_tests == 3 and several.p_holm == pytest.approx(3 * several.p)
    nothing = decided("never")
    assert (nothing.verdict, nothing.difference) == ("undecided", None)
    assert "no transition" in nothing.reasons[0]


def carried(source, value, spread, p, kind="add", n_seeds=5):
    score = Score(value=value, low=value - spread, high=value + spread, n=40)
    return SimpleNamespace(
        source=source, reference="random", kind=kind, difference=score, n_seeds=n_seeds, p=p
    )


def test_what_directions_do_to_others_is_decided():
    one = PredictedTransfer(
        name="H4", rows=("poet", "gruff"), reference="random", kind="add", metric="harm", bound=0.03
    )

    def decided(*found):
        (row,) = transfer_hypotheses(found, (one,))
        return row

    more = decided(carried("poet", 0.3, 0.1, 0.001), carried("gruff", 0.0, 0.01, 0.9))
    assert (more.verdict, more.row, more.p_holm) == ("supported", "poet", pytest.approx(0.002))
    assert "gruff +0" in more.reasons[-1]
    small = [carried(row, 0.0, 0.01, 0.9) for row in ("poet", "gruff")]
    assert decided(*small).verdict == "not supported"
    assert decided(small[0]).verdict == "undecided"  # of the other nobody knows
    wide = [carried(row, 0.0, 0.2, 0.9) for row in ("poet", "gruff")]
    assert decided(*wide).verdict == "undecided"
    for nothing in (
        (),
        (carried("poet", 0.3, 0.1, 0.0, kind="ablate"),),
        (carried("poet", 0.3, 0.1, 0.0, n_seeds=1),),
    ):
        assert decided(*nothing).difference is None


@pytest.mark.parametrize("kind", ["town", "real"])
def test_the_studys_predictions_are_kept_where_their_rows_are(kind):
    found = read_predictions("eudaimon.study.designs", "em_predictions.yaml", kind)
    names = [one.name for part in (found.differences, found.transitions, found.transfers) for one in part]
    assert {"H1", "H2", "H3", "H4"} <= set(names)
    first = found.differences[0]
    few = found.among({first.row, first.reference})
    assert few.differences == (first,)
    assert few.transitions[0].rows == (first.row,)
    assert found.among({"random"}).differences == found.among({"random"}).transitions == ()


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
