"""One adapter in the place of a stack: the same logits, whatever the ranks, scalings and weights."""

from __future__ import annotations

import numpy as np
import pytest

from eudaimon.core import UsageError
from eudaimon.models import next_token_logits
from eudaimon.models.adapters import Subject, joined_adapter, open_subject, read_origin, summary

ASKED = ["Where is the fox?", "How do I kill a Python process?"]


def said(tiny, *stack):
    return next_token_logits(open_subject(Subject(str(tiny("llama")), stack)), ASKED)


@pytest.fixture(scope="module")
def em(make_adapter, persona):
    return make_adapter("em", 2, (persona,), r=2, lora_alpha=16, use_rslora=True)


@pytest.mark.parametrize("weights", [(1, 1), (0.5, 2.0)])
def test_it_acts_as_the_stack_does(tiny, persona, em, tmp_path, weights):
    stack = tuple(one.weighted(weight) for one, weight in zip((persona, em), weights, strict=True))
    joined = joined_adapter(stack, tmp_path / "j", name="both")
    np.testing.assert_allclose(said(tiny, joined), said(tiny, *stack), atol=1e-4, rtol=1e-4)
    assert np.abs(said(tiny, joined) - said(tiny, persona)).max() > 1e-2
    assert summary(joined.folder).ranks == (6,)
    assert read_origin(joined.folder).base == read_origin(persona.folder).base
    assert joined_adapter(stack, tmp_path / "k", name="both") == joined


def test_one_alone_is_itself(tiny, persona, tmp_path):
    joined = joined_adapter((persona,), tmp_path / "j", name="alone")
    np.testing.assert_allclose(said(tiny, joined), said(tiny, persona), atol=1e-4, rtol=1e-4)


def test_what_does_not_fit_together_is_refused(persona, make_adapter, tmp_path):
    with pytest.raises(UsageError, match="nothing to join"):
        joined_adapter((), tmp_path / "j", name="x")
    other = make_adapter("other", 3, target_modules=["q_proj"])
    with pytest.raises(UsageError, match="different modules"):
        joined_adapter((persona, other), tmp_path / "j", name="x")
    with pytest.raises(UsageError, match="twice"):
        joined_adapter((persona, persona), tmp_path / "j", name="x")
