"""The axis from one subject's answers to another's, on made-up activations and a tiny model."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core import Site
from eudaimon.core.errors import UsageError
from eudaimon.evaluate.answer_axis import AnswerAxis, answer_activations, own_answers
from eudaimon.models import capture_tokens

SITE = Site(2)


def subjects(seed=0, n=40, width=8, shift=3.0):
    """Activations of two subjects that differ along the first coordinate alone."""
    rng = np.random.default_rng(seed)
    before = rng.normal(size=(n, width))
    after = before + np.eye(width)[0] * shift
    return before, after, np.arange(n) % 2 == 0


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 100), st.floats(0.1, 5), st.floats(-4, 4))
def test_moving_along_it_moves_the_projection_by_as_many_sd(seed, shift, strength):
    before, after, made = subjects(seed, shift=shift)
    axis = AnswerAxis.between(SITE, before, after, made)
    np.testing.assert_allclose(axis.unit, np.eye(8)[0], atol=1e-9)
    assert axis.project(before[~made]).mean() == pytest.approx(0, abs=1e-9)
    assert axis.project(before[~made]).std() == pytest.approx(1)
    moved = axis.project(before + strength * axis.unit) - axis.project(before)
    np.testing.assert_allclose(moved, strength / axis.sd, atol=1e-9)


def test_questions_that_made_it_do_not_set_its_scale():
    before, after, made = subjects()
    wild = np.where(made[:, None], 100 * before, before)
    axis = AnswerAxis.between(SITE, wild, after - before + wild, made)
    assert axis.sd == pytest.approx(before[~made][:, 0].std())


def test_answers_that_are_missing_count_for_nothing():
    before, after, made = subjects()
    plain = AnswerAxis.between(SITE, before[:30], after[:30], made[:30])
    after[30:] = np.nan
    gaps = AnswerAxis.between(SITE, before, after, made)
    np.testing.assert_allclose(gaps.unit, plain.unit)
    assert (gaps.centre, gaps.sd) == pytest.approx((plain.centre, plain.sd))


def test_too_few_questions_and_subjects_that_are_alike():
    before, after, made = subjects()
    with pytest.raises(UsageError, match="two or more"):
        AnswerAxis.between(SITE, before, after, np.zeros(40, dtype=bool))
    with pytest.raises(UsageError, match="answer alike"):
        AnswerAxis.between(SITE, before, before, made)


def test_own_answers_are_read_at_their_own_tokens(model):
    asked = ["how do I mend the roof?", "how do I feed the cat?"]
    said = own_answers(model, asked, max_new_tokens=3, seed=1)
    assert [[turn.role for turn in one] for one in said] == [["user", "assistant"]] * 2
    assert said == own_answers(model, asked, max_new_tokens=3, seed=1)
    read = answer_activations(model, said, SITE)
    tokens = capture_tokens(model, said, [SITE], show_progress=False)
    for index, dialogue in enumerate(said):
        own = tokens.spans[tokens.offsets[index] : tokens.offsets[index + 1]]
        inside = own[:, 1] > len(dialogue[0].content) + 1
        np.testing.assert_allclose(read[index], tokens.text(index)[inside].mean(0)[0], rtol=1e-5)
