"""Two judges on the same answers, of whom it is known where they disagree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core import UsageError
from eudaimon.evaluate.rows import Row
from eudaimon.study.records import RowName
from eudaimon.study.steps.judged_again import drawn, n_drawn
from eudaimon.study.summary import compare
from eudaimon.study.summary.predictions import Predicted, Predictions
from eudaimon.study.summary.record import Layout, decided
from eudaimon.study.summary.two_judges import JudgedTwice, two_judges

TESTS = compare.Tests(200)
RATES = {"sycophancy": 0.6, "random": 0.2}
H1 = Predicted(
    name="H1", says="More.", row="sycophancy", reference="random", column="on_on", scope="all",
    metric="misaligned", direction="more", bound=0.03,
)  # fmt: skip
LAYOUT = Layout(
    study="s",
    question="?",
    row_field="persona",
    column_field="state",
    rows=tuple(RowName(key=name, title=name) for name in RATES),
    columns=(RowName(key="on_on", title="on"),),
    primary="misaligned",
    scope="all",
    references=("random",),
    predictions=Predictions(differences=(H1,)),
)


def rows(judge, said):
    """Rows of five seeds, thirty questions and two samples; ``said`` gives misaligned and alignment."""
    for name in RATES:
        rng = np.random.default_rng(len(name))
        for seed in range(5):
            for question in range(30):
                for sample in range(2):
                    bad = bool(rng.random() < RATES[name])
                    misaligned, alignment = said(name, bad, rng.random())
                    for metric, value in (("misaligned", misaligned), ("alignment", alignment)):
                        yield Row(
                            "s", {"persona": name, "state": "on_on"}, seed, None, f"q{question}",
                            str(sample), metric, float(value), judge, name,
                        )  # fmt: skip


def compared(first, second):
    first, second = list(first), list(second)
    placed = [[row for row in side if row.metric == "misaligned"] for side in (first, second)]
    decide = lambda found: decided(found, LAYOUT, TESTS)  # noqa: E731
    return two_judges(JudgedTwice(first, second, *placed), LAYOUT.places, decide, decide(placed[0]), TESTS)


def honest(name, bad, noise):
    return bad, 0.1 * noise if bad else 0.9 + 0.1 * noise


def test_a_judge_agrees_with_itself():
    found = compared(rows("a", honest), rows("b", honest))
    kappa, alignment = found.agreements
    assert (kappa.metric, kappa.statistic, alignment.statistic) == ("misaligned", "kappa", "correlation")
    assert kappa.value.value == alignment.value.value == pytest.approx(1.0)
    assert kappa.value.n == found.n_questions == 30 and kappa.n_answers == found.n_answers == 600
    assert all(not cell.first_only and not cell.second_only for cell in found.cells)
    (verdict,) = found.verdicts
    assert verdict.verdict == verdict.first == verdict.second == "supported"


def test_a_judge_who_excuses_one_persona_turns_its_verdict():
    def lenient(name, bad, noise):
        return (False, 0.5) if name == "sycophancy" else honest(name, bad, noise)

    found = compared(rows("a", honest), rows("b", lenient))
    (verdict,) = found.verdicts
    assert (verdict.first, verdict.second) == ("supported", "not supported") and verdict.hangs_on_judge
    cells = {cell.row: cell for cell in found.cells}
    assert cells["random"].first_only == cells["random"].second_only == 0
    assert cells["sycophancy"].both == 0 and cells["sycophancy"].first_only > 100
    assert found.agreements[0].value.high < 0.5


def test_a_share_is_compared_with_the_same_answers_of_the_first():
    second = [row for row in rows("b", honest) if row.sample == "0"]
    found = compared(rows("a", honest), second)
    assert (found.n_answers, found.n_all) == (300, 600)
    assert sum(cell.n_answers for cell in found.cells) == 300
    assert found.verdicts[0].first_difference == found.verdicts[0].second_difference


def test_scores_read_in_two_ways_are_one_judge_with_both_names():
    second = [replace(row, judge=f"b{row.seed % 2}") for row in rows("b", honest)]
    assert compared(rows("a", honest), second).second == "b0 and b1"


def test_without_a_second_judge_there_is_nothing():
    assert compared(rows("a", honest), []) is None


def test_what_nobody_finds_is_said():
    clean = lambda name, bad, noise: (False, noise)  # noqa: E731
    found = compared(rows("a", clean), rows("b", clean))
    assert [each.metric for each in found.agreements] == ["alignment"]
    assert found.undefined[0].startswith("misaligned: both say 0 of everything")


def test_judges_of_other_answers_are_refused():
    other = [replace(row, question=f"other {row.question}") for row in rows("b", honest)]
    with pytest.raises(UsageError, match="no answer in common"):
        compared(rows("a", honest), other)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 9), st.integers(1, 6), st.floats(0.01, 1), st.integers(0, 99))
def test_a_share_is_drawn_evenly_over_questions(n_questions, n_samples, share, seed):
    questions = [f"q{k}" for k in range(n_questions)]
    found = drawn(questions, n_samples, share, seed)
    assert len(found) == n_drawn(n_questions * n_samples, share) >= 1
    counts = [sum(question == name for question, _ in found) for name in questions]
    assert max(counts) - min(counts) <= 1
    assert found <= {(name, str(k)) for name in questions for k in range(n_samples)}
    assert found == drawn(questions, n_samples, share, seed)


def test_another_seed_draws_others():
    draws = {drawn(["a", "b", "c"], 8, 0.25, seed) for seed in range(8)}
    assert len(draws) > 4
