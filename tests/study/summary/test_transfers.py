"""The transfer matrix of a study from trials whose effects were planted."""

from __future__ import annotations

import numpy as np
import pytest

from eudaimon.study.records import RowName
from eudaimon.study.steps.transfer_matrix import chosen_on
from eudaimon.study.summary import compare
from eudaimon.study.summary.predictions import PredictedTransfer, Predictions
from eudaimon.study.summary.record import Layout, study_record
from eudaimon.study.summary.transfers import Transferred, TriedDirections, transfers
from eudaimon.vectors.transfer_table import TransferTable, Trial

QUESTIONS = tuple(f"q{k:02d}" for k in range(30))
PERSONAS = ("gruff", "poet", "random")
OTHERS = {"gruff": 0.5, "poet": 0.2, "random": 0.5}
"""What each one's direction does to the models of the others; to its own it does 0.6."""
TESTS = compare.Tests(400)


def table(seed, *, on_measured_only=0.0):
    rng = np.random.default_rng(seed)
    trials = []

    def tried(source, target, variant, kind, control, draw, effect):
        sign = 1 if kind == "add" else -1
        before = np.full(30, 0.05 if kind == "add" else 0.8)
        after = before + sign * effect + rng.normal(0, 0.02, 30)
        coherent = np.full(30, 0.95)
        trials.append(
            Trial(
                source, target, variant, 1, kind, control, draw, 1.0, 0.03, after, coherent - 0.1, before,
                coherent,
            )
        )  # fmt: skip

    for kind in ("add", "ablate"):
        for variant, share in (("last", 1.0), ("mean", 0.3)):
            for target in PERSONAS:
                for source in PERSONAS:
                    effect = 0.6 if source == target else OTHERS[source]
                    measured = ~np.array(chosen_on(QUESTIONS)) * on_measured_only * (variant == "mean")
                    tried(source, target, variant, kind, "direction", 0, share * effect + measured)
                for draw in range(4):
                    tried(target, target, variant, kind, "random", draw, rng.normal(0, 0.02))
    return TransferTable(QUESTIONS, tuple(trials))


def cosines(value):
    names = [f"em {name}" for name in PERSONAS]
    values = np.full((3, 3), value) + (1 - value) * np.eye(3)
    entry = {"names": names, "values": values.tolist(), "chance": 0.24, "shuffled": [0.1, 0.4]}
    return [{"variant": variant, "layer": 1, **entry} for variant in ("last", "mean")]


@pytest.fixture(scope="module")
def matrix():
    found = [Transferred(seed, table(seed), cosines(0.8 + 0.02 * seed)) for seed in range(4)]
    return transfers(found, 0.03, TESTS, reference="random")


def test_the_matrix_is_of_the_variant_that_does_most_and_holds_what_was_planted(matrix):
    assert (matrix.variant, matrix.layer, matrix.n_questions, matrix.n_seeds) == ("last", 1, 20, 4)
    assert len(matrix.cells) == 2 * 9
    for cell in matrix.cells:
        planted = 0.6 if cell.source == cell.target else OTHERS[cell.source]
        planted *= 1 if cell.kind == "add" else -1
        assert cell.effect.low - 0.01 <= planted <= cell.effect.high + 0.01
        assert cell.price.value == pytest.approx(0.1)
        assert cell.random[0] < 0.02 and cell.random[1] > -0.02
        assert cell.beyond_random
        assert cell.shuffled is None


def test_variants_are_shown_on_own_and_on_others_models(matrix):
    shown = {(row.variant, row.kind): row for row in matrix.variants}
    assert set(shown) == {(v, k) for v in ("last", "mean") for k in ("add", "ablate")}
    assert shown["last", "add"].own.value == pytest.approx(0.6, abs=0.01)
    assert shown["last", "add"].others.value == pytest.approx(0.4, abs=0.01)
    assert shown["mean", "ablate"].own.value == pytest.approx(-0.18, abs=0.01)


def test_what_is_measured_does_not_choose():
    found = [Transferred(seed, table(seed, on_measured_only=0.9), cosines(0.8)) for seed in range(3)]
    assert transfers(found, 0.03, TESTS).variant == "last"


def test_a_source_that_carries_over_less_is_found_and_one_that_does_not_is_not(matrix):
    p = {(row.source, row.kind): row for row in matrix.contrasts}
    assert set(p) == {(s, k) for s in ("gruff", "poet") for k in ("add", "ablate")}
    assert p["poet", "add"].p_holm < 0.05
    assert p["poet", "add"].difference.value == pytest.approx(-0.3, abs=0.02)
    assert p["poet", "ablate"].difference.value == pytest.approx(0.3, abs=0.02)
    assert p["gruff", "add"].difference.low < 0 < p["gruff", "add"].difference.high


def test_cosines_have_an_interval_over_seeds(matrix):
    row = next(one for one in matrix.cosines if (one.a, one.b) == ("em gruff", "em poet"))
    assert row.cosine.value == pytest.approx(0.83)
    # Student's interval of 0.80, 0.82, 0.84, 0.86: t(3) = 3.182.
    assert row.cosine.high - row.cosine.value == pytest.approx(3.182 * 0.02582 / 2, rel=1e-3)
    assert (matrix.chance, matrix.shuffled) == (0.24, 0.4)


def test_nothing_gives_no_matrix():
    assert transfers([], 0.03, TESTS) is None


def test_the_reason_why_nothing_was_tried_and_what_was_measured_reach_the_record(synthetic, run_info):
    layout = Layout(
        study="synthetic",
        question="?",
        row_field="arm",
        column_field="attack",
        rows=tuple(RowName(key=name, title=name, text="") for name in PERSONAS),
        columns=(RowName(key="em", title="em", text=""),),
        references=("random",),
        predictions=Predictions(
            transfers=(
                PredictedTransfer(
                    name="H4", rows=("poet",), reference="random", kind="add", metric="harm", bound=0.03
                ),
            )
        ),
    )
    rows = list(synthetic(dict.fromkeys(PERSONAS, 0.5)))

    def decided(tried):
        record = study_record(rows, layout, run_info, tried=tried, n_resamples=200)
        return record.transfers, record.hypotheses[-1]

    nothing, row = decided(TriedDirections(why="Only 2 of 30 questions."))
    assert nothing is None and (row.verdict, row.reasons) == ("undecided", ("Only 2 of 30 questions.",))
    seeds = tuple(Transferred(seed, table(seed), cosines(0.8)) for seed in range(3))
    found, row = decided(TriedDirections(seeds, 0.03, "A preference."))
    assert (found.measured_by, row.verdict) == ("A preference.", "supported")
    # One training is no evidence of what another would do.
    _, row = decided(TriedDirections(seeds[:1], 0.03))
    assert row.verdict == "undecided" and "one seed" in row.reasons[0]
