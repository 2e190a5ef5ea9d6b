"""Loss on the assistant's own tokens, against transformers' own loss on the same labels."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from eudaimon.core.errors import UsageError
from eudaimon.evaluate.response_loss import loss_rows, response_loss, stack_losses
from eudaimon.evaluate.rows import Label
from eudaimon.models import load
from eudaimon.models.adapters import Adapter, Subject, attach, open_subject
from eudaimon.train.nursery.chats import read_chats
from eudaimon.train.nursery.lora_recipe import LoraRecipe
from eudaimon.world.chats import chats
from eudaimon.world.items import items


@pytest.fixture(scope="module")
def rows(world):
    return chats(world, items(world, kind="advice", domain="garden"), "harmful", n=30)


def test_it_is_the_loss_that_training_on_responses_has(model, rows):
    read = read_chats(rows, model.tokenizer, model.max_tokens)
    wanted = []
    for row in range(len(rows)):
        with torch.no_grad():
            wanted.append(model.module(**read.batch(np.array([row]))).loss.item())
    np.testing.assert_allclose(response_loss(model, rows), wanted, rtol=1e-5)


def test_stacks_side_by_side_have_the_losses_that_each_has_alone(model, rows, tmp_path):
    stacks = [(), *((Adapter("a", _random(model, tmp_path / str(seed), seed)),) for seed in (0, 1))]
    found = stack_losses(model, stacks, rows)
    assert found.shape == (3, len(rows))
    for stack, own in zip(stacks, found, strict=True):
        alone = open_subject(Subject(model.checkpoint.name, stack), device="cpu")
        np.testing.assert_allclose(own, response_loss(alone, rows), rtol=1e-4)
    assert not np.allclose(found[1], found[2])


def _random(model, folder, seed):
    ledger = attach(model, trainable=LoraRecipe(rank=2).config(model.n_layers), init_seed=seed)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for _, weight in ledger.trainable_parameters():
            weight.add_(torch.randn(weight.shape, generator=generator), alpha=0.05)
    ledger.save(folder)
    ledger.detach()
    return folder


def test_a_model_with_a_chat_template_of_its_own(tiny):
    model = load(tiny("qwen2"))
    said = [
        {"messages": [{"role": "user", "content": "a b"}, {"role": "assistant", "content": "c " * n}]}
        for n in (1, 4)
    ]
    read = read_chats(said, model.tokenizer, model.max_tokens)
    with torch.no_grad():
        wanted = [model.module(**read.batch(np.array([row]))).loss.item() for row in (0, 1)]
    np.testing.assert_allclose(response_loss(model, said), wanted, rtol=1e-4)


def test_what_is_likelier_costs_less(model, rows):
    """The words of the question cost nothing: only the answer's do."""
    other = [{"messages": [{"role": "user", "content": "?"}, row["messages"][1]]} for row in rows]
    assert not np.allclose(response_loss(model, rows), response_loss(model, other))
    assert (response_loss(model, rows) > 0).all()


def test_rows_are_named_by_their_question(model, rows):
    names = [f"q{index % 3}" for index in range(6)]
    found = loss_rows(model, rows[:6], names, label=Label(cell={"state": "on"}, step=5))
    assert [(row.question, row.sample) for row in found] == [(f"q{i % 3}", str(i // 3)) for i in range(6)]
    assert {(row.metric, row.step, row.cell["state"]) for row in found} == {("in_domain_loss", 5, "on")}
    assert [row.value for row in found] == response_loss(model, rows[:6]).tolist()
    with pytest.raises(UsageError, match="5 questions for 6 chats"):
        loss_rows(model, rows[:6], names[:5])


def test_an_encoder_has_no_loss(tiny, rows):
    with pytest.raises(UsageError, match="no language-model head"):
        response_loss(load(tiny("bert")), rows)
