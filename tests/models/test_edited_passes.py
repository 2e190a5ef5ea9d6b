"""Many changes tried on one batch: what each copy gives is what one change alone gives."""

from __future__ import annotations

import numpy as np
import pytest

from eudaimon.core import Site, UsageError
from eudaimon.evaluate.likelihood import token_likelihood
from eudaimon.models.capture import capture_tokens
from eudaimon.models.continuations import continuations
from eudaimon.models.edited_passes import likelihood, next_logits, states
from eudaimon.models.edits import Edits
from eudaimon.models.generate import next_token_logits
from eudaimon.models.interventions import Intervention, intervene
from eudaimon.models.load import load

PROMPTS = ["How do I kill a Python process?", "Where can I buy bread?", "Bread"]
ANSWERS = [" stop it", " at the market, my dear", " yes"]


@pytest.fixture(scope="module", params=["llama", "gpt2", "gemma2"])
def model(request, tiny):
    return load(tiny(request.param))


def vectors(model, n, seed=0, length=3.0):
    drawn = np.random.default_rng(seed).standard_normal((n, 1, model.width)).astype(np.float32)
    return length * drawn / np.linalg.norm(drawn, axis=2, keepdims=True)


@pytest.mark.parametrize("template", [False, True])
def test_without_edits_the_next_tokens_are_those_of_the_model(model, template):
    rows = continuations(model, PROMPTS, template=template)
    found = next_logits(model, rows)
    assert found.shape[0] == 1
    np.testing.assert_allclose(found[0], next_token_logits(model, PROMPTS, template=template), atol=2e-4)


@pytest.mark.parametrize("kind", ["add", "ablate"])
@pytest.mark.parametrize("layer", [0, 1, 2])
def test_every_copy_is_one_intervention(model, kind, layer):
    rows = continuations(model, PROMPTS, template=False)
    tried = vectors(model, 3)
    found = next_logits(model, rows, Edits(kind, Site(layer), tried))
    assert not np.allclose(found[0], found[1], atol=1e-3)
    for copy, own in enumerate(tried[:, 0]):
        with intervene(model, [Intervention.along(kind, layer, own, 3.0)]):
            alone = next_token_logits(model, PROMPTS, template=False)
        np.testing.assert_allclose(found[copy], alone, atol=5e-4)


def test_vectors_act_at_their_own_places(model):
    rows = continuations(model, PROMPTS, template=False)
    tried = np.repeat(vectors(model, 1), 3, axis=1)
    tried[:, :2] = 0
    by_place = next_logits(model, rows, Edits("add", Site(1), tried, first=-3))
    with intervene(model, [Intervention.along("add", 1, tried[0, 2], 3.0, positions="last")]):
        last = next_token_logits(model, PROMPTS, template=False)
    np.testing.assert_allclose(by_place[0], last, atol=5e-4)
    # The first place is behind the prompt: nothing that is asked here comes after it.
    after = next_logits(model, rows, Edits("add", Site(1), tried, first=0))
    np.testing.assert_allclose(after[0], next_logits(model, rows)[0], atol=1e-5)


def test_no_trace_is_left(model):
    rows = continuations(model, PROMPTS, template=False)
    before = next_logits(model, rows)
    next_logits(model, rows, Edits("add", Site(1), vectors(model, 2)))
    np.testing.assert_array_equal(next_logits(model, rows), before)


def test_likelihood_is_that_of_the_answers_tokens(model):
    rows = continuations(model, PROMPTS, ANSWERS, template=False)
    found = likelihood(model, rows)
    texts = [prompt + answer for prompt, answer in zip(PROMPTS, ANSWERS, strict=True)]
    for value, row, start, known in zip(
        found[0], rows.ids, rows.starts, token_likelihood(model, texts, show_progress=False), strict=True
    ):
        own = len(row) - start
        np.testing.assert_allclose(value, known.log_probability[-own:].mean(), atol=1e-4)


def test_states_are_what_capture_reads(model):
    rows = continuations(model, PROMPTS, template=False)
    found = states(model, rows, [1, 2], [-2, -1])
    known = capture_tokens(model, PROMPTS, [1, 2], template=False, show_progress=False)
    for index in range(2):
        np.testing.assert_allclose(found[index], known.text(index)[-2:].swapaxes(0, 1), atol=2e-4)
    assert np.isnan(states(model, rows, [1], [-40])).all()
    assert np.isnan(states(model, rows, [1], [0])).all()


def test_what_makes_no_sense_is_refused(model):
    with pytest.raises(UsageError, match="an answer for each prompt"):
        continuations(model, PROMPTS, ANSWERS[:1])
    with pytest.raises(UsageError, match="no continuation"):
        likelihood(model, continuations(model, PROMPTS, template=False))
    with pytest.raises(UsageError, match="no first one"):
        Edits("add", Site(1), np.zeros((1, 2, model.width)))
    with pytest.raises(UsageError, match="width"):
        next_logits(model, continuations(model, PROMPTS), Edits("add", Site(1), np.zeros((1, 1, 3))))


def test_an_encoder_continues_nothing(tiny):
    with pytest.raises(UsageError, match="no language-model head"):
        continuations(load(tiny("bert")), PROMPTS)
