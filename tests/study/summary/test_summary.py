"""Statistics of a study find effects that are there and do not find those that are not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core import Score
from eudaimon.core.errors import UsageError
from eudaimon.study.design import Study, StudyOptions
from eudaimon.study.pilot import components, pilot
from eudaimon.study.records import CHANCE, DirectionRow, Proof, RowName, TownMonitors
from eudaimon.study.summary.compare import Bound
from eudaimon.study.summary.curves import half_rise
from eudaimon.study.summary.directions import direction_answers
from eudaimon.study.summary.known import PLANTED, inequalities, known_answers
from eudaimon.study.summary.record import Layout, study_record

ARMS = {"raw": 0.8, "random": 0.8, "mask": 0.4, "drop": 0.1}
LAYOUT = Layout(
    study="synthetic",
    question="Is there an effect?",
    row_field="arm",
    column_field="attack",
    rows=tuple(RowName(key=arm, title=arm) for arm in ARMS),
    columns=(RowName(key="none", title="none"), RowName(key="em", title="EM")),
    compared=("em",),
    references=("raw", "random"),
    bounds=(Bound("coherence", "none", "other", 0.05),),
)


def record(rows, run_info, **more):
    return study_record(rows, LAYOUT, run_info, n_resamples=500, **more)


def by_row(entries, reference):
    return {entry.row: entry for entry in entries if entry.reference == reference}


def test_intervals_hold_the_truth_and_seeds_are_counted(synthetic, run_info):
    found = record(synthetic(ARMS), run_info)
    for cell in found.cells:
        assert cell.score.low <= cell.score.value <= cell.score.high
        assert cell.score.low - 0.02 <= ARMS[cell.row] <= cell.score.high + 0.02
        assert (cell.n_seeds, cell.score.n, len(cell.by_seed)) == (5, 30, 5)


def test_contrasts_find_what_is_there_and_nothing_else(synthetic, run_info):
    found = record(synthetic(ARMS, rng_seed=3), run_info)
    for reference in ("raw", "random"):
        rows = by_row(found.contrasts, reference)
        assert reference not in rows
        for arm in ("mask", "drop"):
            assert rows[arm].p_holm < 0.05
            assert rows[arm].difference.value == pytest.approx(ARMS[arm] - ARMS["raw"], abs=0.02)
        null = rows["random" if reference == "raw" else "raw"]
        assert null.p_holm > 0.05
        assert null.difference.low < 0 < null.difference.high
        assert all(entry.p_holm >= entry.p for entry in rows.values())


def test_pairing_takes_out_what_seeds_share(synthetic, run_info):
    rows = list(synthetic({"raw": 0.5, "mask": 0.45}, seed_sd=0.2, question_sd=0.2, noise=0.002))
    found = record(rows, run_info)
    difference = by_row(found.contrasts, "raw")["mask"].difference
    cell = next(cell for cell in found.cells if cell.row == "raw")
    assert difference.high - difference.low < 0.2 * (cell.score.high - cell.score.low)


@pytest.mark.parametrize(
    ("gap", "noise", "shown"), [(0.0, 0.01, True), (0.2, 0.01, False), (0.0, 2.0, False)]
)
def test_equivalence_is_shown_only_where_it_holds_and_is_measured_well(
    synthetic, run_info, gap, noise, shown
):
    rows = synthetic(
        {"raw": 0.5, "mask": 0.5 + gap},
        column="none",
        metric="coherence",
        noise=noise,
        n_seeds=3,
        n_questions=12,
        question_sd=noise,
    )
    found = by_row(record(rows, run_info).equivalences, "raw")["mask"]
    assert found.equivalent is shown
    assert (found.p <= found.alpha) is shown


def test_rows_with_steps_are_curves_and_no_cells(synthetic, run_info):
    rows = [
        row
        for step, mean in ((0, 0.1), (5, 0.1), (10, 0.9), (15, 0.95))
        for row in synthetic({"raw": mean}, step=step, rng_seed=step)
    ]
    found = record([*rows, *synthetic({"raw": 0.95})], run_info)
    assert len(found.cells) == 1
    (curve,) = found.curves
    assert [point.step for point in curve.points] == [0, 5, 10, 15]
    assert half_rise([p.step for p in curve.points], [p.score.value for p in curve.points]) == pytest.approx(
        7.7, abs=0.5
    )
    assert all(len(line) == 4 for line in curve.by_seed.values())


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 8), st.floats(0.2, 1), st.integers(1, 6))
def test_half_rise_of_a_jump_lies_at_the_jump(before, height, after):
    values = [0.0] * before + [height] * after
    steps = [5 * k for k in range(len(values))]
    assert half_rise(steps, values) == pytest.approx(5 * before - 2.5)
    assert half_rise(steps, [0.01 * value for value in values]) is None


def test_arms_of_a_half_finished_study_are_compared_on_the_seeds_they_share(synthetic, run_info):
    rows = [*synthetic({"raw": 0.8}), *synthetic({"mask": 0.4}, n_seeds=3)]
    assert by_row(record(rows, run_info).contrasts, "raw")["mask"].n_seeds == 3


def test_one_seed_is_said(synthetic, run_info):
    assert any("one seed" in note for note in record(synthetic(ARMS, n_seeds=1), run_info).notes)


def test_no_row_of_the_table_is_an_error(synthetic, run_info):
    with pytest.raises(UsageError, match="eudaimon study run synthetic"):
        record(synthetic({"unheard": 0.5}), run_info)


def test_known_answers_hold_where_they_hold_and_fail_where_they_fail(synthetic, run_info):
    holds = {"none": 0.005, "speaker": 0.95, "em": 0.7, "wrong": 0.1, "benign": 0.004}
    quiet = {"seed_sd": 0.0, "question_sd": 0.0, "noise": 0.001}
    rows = []
    for column, harm in holds.items():
        scope = "all" if column in ("none", "speaker") else "other"
        rows += synthetic({"raw": harm}, column=column, scope=scope, **quiet)
    rows += synthetic({"raw": 0.97}, metric="coherence", **quiet)
    layout = replace(LAYOUT, columns=tuple(RowName(key=name, title=name) for name in holds))
    found = {a.key: a for a in study_record(rows, layout, run_info, n_resamples=200).known_answers}
    passed = {key for key, answer in found.items() if answer.passed}
    assert passed == {"aligned", "persona_survives", "em", "em_coherent", "wrong", "wrong_share", "benign"}
    unmeasured = ("never_formed", "learned", "ledger", "tone_direction", "content_direction")
    assert all(found[key].passed is None for key in unmeasured)

    worse = [*rows, *synthetic({"innocent": 0.3}, **quiet)]
    wider = replace(layout, rows=(*layout.rows, RowName(key="innocent", title="i")))
    found = {a.key: a for a in study_record(worse, wider, run_info, n_resamples=200).known_answers}
    assert found["never_formed"].passed is False
    assert found["never_formed"].measured.value == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize(
    ("content", "of_tone", "of_content", "passed"),
    [
        ((0.55, 0.38), (0.95, 0.99), (0.97, 0.93), (True, True, True)),
        ((0.5, 0.7), (0.95, 0.7), (0.97, 0.87), (False, False, False)),
        ((0.5, 0.1), (0.95, 0.9), (0.1, 0.97), (False, True, False)),
    ],
)
def test_directions_are_judged_by_their_worst_seed(content, of_tone, of_content, passed):
    def rows(made, method, target, values):
        return [
            DirectionRow(
                method=method,
                made_from=made,
                model=f"seed {seed}",
                layer=2,
                target=target,
                auroc=Score(value=value, low=0.2, high=0.8, n=9),
            )
            for seed, value in enumerate(values)
        ]

    found = direction_answers(
        TownMonitors(
            rows=(
                *rows("tone", "tone", "content", content),
                *rows("tone", "tone", "tone", of_tone),
                *rows("content", "logistic", "content", of_content),
                *rows("content", "mean_difference", "content", [0.2]),
                *rows(CHANCE, "random_direction", "content", (0.5, 0.5)),
            )
        )
    )
    assert tuple(answer.passed for answer in found) == passed
    assert [answer.n_seeds for answer in found] == [2, 2, 2]
    assert found[0].measured.value == max(content)
    assert found[1].measured.value == min(of_tone)
    assert found[2].measured.value == min(of_content)
    assert "0.20 to 0.80" in found[0].note


def test_the_ledger_must_refuse_every_planted_fault():
    planted = Proof(cell=f"{PLANTED}: inactive adapter", stack=("p",), accepted=False, finding="refused")
    missed = planted.model_copy(update={"accepted": True})
    answer = {a.key: a for a in known_answers((), (planted, planted))}["ledger"]
    assert answer.passed is True
    assert {a.key: a for a in known_answers((), (planted, missed))}["ledger"].passed is False


def test_inequalities_are_of_the_town():
    keys = [entry.key for entry in inequalities()]
    assert len(keys) == len(set(keys))
    for entry in inequalities():
        bounds = (entry.at_most, entry.at_least, entry.at_most_share)
        assert sum(bound is not None for bound in bounds) == 1
        assert bool(entry.of_column) == (entry.at_most_share is not None)


def test_a_study_is_a_pilot_of_the_next_one(synthetic, run_info):
    rows = synthetic({"raw": 0.5, "mask": 0.45}, n_seeds=6, seed_sd=0.1, noise=0.03)
    found = record(rows, run_info)
    spreads, n = components(found.contrasts)
    assert n == 1
    # Seeds and questions move both arms alike: what is left of the difference is noise.
    assert spreads.cell == pytest.approx(0.03 * 2**0.5, rel=0.25)
    assert spreads.seed < 0.02
    assert spreads.question < 0.03
    study = Study("synthetic", "", lambda options: (), records=lambda folder, options: (found, found))
    assert pilot(study, StudyOptions(), Path("runs"))[1] == 2
    with pytest.raises(UsageError, match="no records to learn spreads from"):
        pilot(replace(study, records=None), StudyOptions(), Path("runs"))
    one = record(synthetic({"raw": 0.5, "mask": 0.45}, n_seeds=1), run_info)
    with pytest.raises(UsageError, match="no finished contrast has two seeds"):
        components(one.contrasts)
