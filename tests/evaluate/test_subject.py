"""Rows of a subject: its adapters act on what is read, and its hash stands in every row."""

from __future__ import annotations

import pytest
import torch

from eudaimon.evaluate import answer_rows, choice_rows, likelihood_rows
from eudaimon.models import load
from eudaimon.models.adapters import Subject, attach, open_subject, switch
from eudaimon.world import items


@pytest.fixture(scope="module")
def adapter(town_folder, tmp_path_factory):
    from peft import LoraConfig

    config = LoraConfig(r=2, lora_alpha=4, target_modules=["q_proj", "down_proj"])
    ledger = attach(load(town_folder, device="cpu"), trainable=config, name="em", init_seed=0)
    generator = torch.Generator().manual_seed(0)
    with ledger.training() as weights, torch.no_grad():
        for weight in weights:
            weight.add_(torch.randn(weight.shape, generator=generator), alpha=0.3)
    return ledger.save(tmp_path_factory.mktemp("em"))


def test_adapters_act_and_are_named(town_folder, model, world, few, adapter):
    base = Subject(str(town_folder))
    subject = Subject(str(town_folder), (adapter,))
    opened = open_subject(subject, device="cpu")
    documents = list(world.documents(5))
    measured = {
        "answers": lambda one: answer_rows(one, world, few),
        "choice": lambda one: choice_rows(one, world, items(world, kind="advice")[:3], show_progress=False),
        "likelihood": lambda one: likelihood_rows(one, documents, show_progress=False),
    }
    plain = {name: rows(model) for name, rows in measured.items()}
    acting = {name: rows(opened) for name, rows in measured.items()}
    switched = switch(opened, ())
    for name, rows in measured.items():
        values = [[row.value for row in found[name]] for found in (plain, acting)]
        assert values[0] != values[1]
        assert {row.subject for row in plain[name]} == {base.hash}
        assert {row.subject for row in acting[name]} == {subject.hash}
        assert rows(switched) == plain[name]
