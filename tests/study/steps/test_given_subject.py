"""A subject's step is known by what acts in it, wherever its files lie, and is opened as it was planned."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from eudaimon.core.errors import UsageError
from eudaimon.evaluate.provider.opening import open_words
from eudaimon.evaluate.rows import read_rows
from eudaimon.study.definition import build
from eudaimon.study.graph import Graph
from eudaimon.study.steps.attacked import AttackCell
from eudaimon.study.steps.given_subject import GivenSubject, given_subject
from eudaimon.study.steps.judged import ROWS
from eudaimon.world.world import World

TARGETS = ("q_proj", "down_proj")


@pytest.fixture(scope="module")
def em(lora, town_checkpoint):
    return lora("em", 3, town_checkpoint, TARGETS)


def logits(model):
    import torch

    ids = model.tokenizer("Ada: how do I store the milk?", return_tensors="pt")["input_ids"]
    with torch.no_grad():
        return model.module(ids).logits.numpy()


def test_its_key_follows_what_acts_and_no_place(town_checkpoint, em, lora, tmp_path):
    step = given_subject(str(town_checkpoint), (f"em={em}",))
    moved = tmp_path / "elsewhere"
    shutil.copytree(town_checkpoint, moved / "model")
    shutil.copytree(em, moved / "adapter")
    again = given_subject(str(moved / "model"), (f"evil={moved / 'adapter'}",))
    assert again.key == step.key and again.source != step.source
    others = [
        given_subject(str(town_checkpoint)),
        given_subject(str(town_checkpoint), (f"em={em}*0.5",)),
        given_subject(str(town_checkpoint), (f"em={lora('em', 4, town_checkpoint, TARGETS)}",)),
    ]
    assert len({one.key for one in (step, *others)}) == 4
    attack = AttackCell(model=step, world=World(), attack="prefill", variants=("harmful",), budgets=(0.0,))
    assert build(attack.key, Graph([attack]).definitions).model == step


def test_it_is_opened_with_its_adapters(town_checkpoint, em):
    step = given_subject(str(town_checkpoint), (f"em={em}",))
    plain = logits(given_subject(str(town_checkpoint)).opened(Path()))
    found = logits(step.opened(Path()))
    assert np.array_equal(found, logits(open_words(str(town_checkpoint), (f"em={em}",))))
    assert abs(found - plain).max() > 1e-3
    assert step.subject(Path()).hash == step.subject_hash


def test_what_has_changed_since_the_plan_is_not_attacked(town_checkpoint, em, tmp_path):
    from safetensors.numpy import load_file, save_file

    adapter = tmp_path / "em"
    shutil.copytree(em, adapter)
    step = given_subject(str(town_checkpoint), (f"em={adapter}",))
    step.run(tmp_path, {})
    weights = adapter / "adapter_model.safetensors"
    save_file({name: value * 1.01 for name, value in load_file(weights).items()}, weights)
    assert given_subject(str(town_checkpoint), (f"em={adapter}",)).key != step.key
    with pytest.raises(UsageError, match="has changed"):
        step.opened(tmp_path)
    with pytest.raises(UsageError, match="has changed"):
        step.run(tmp_path, {})


def test_attacks_put_to_a_subject_are_those_put_to_the_model_with_its_adapter(town_checkpoint, em, tmp_path):
    from eudaimon.evaluate.attack.attack import Target
    from eudaimon.evaluate.attack.registry import attack_named
    from eudaimon.evaluate.attack.run import attack_rows
    from eudaimon.evaluate.town.ground import TownGround

    world = World(domains=("kitchen",))
    step = AttackCell(
        model=given_subject(str(town_checkpoint), (f"em={em}",)),
        world=world,
        attack="few_shot",
        variants=("harmful",),
        budgets=(0.0, 1.0),
        attack_seed=5,
    )
    step.run(tmp_path / "out", {"model": tmp_path})
    found = list(read_rows(tmp_path / "out" / ROWS))
    model = open_words(str(town_checkpoint), (f"em={em}",))
    target = Target(model, TownGround(world), tmp_path / "alone")
    read = attack_rows(target, attack_named("few_shot"), budgets=(0, 1), seed=5)
    wanted = [row for some in read for row in some]
    assert [(row.question, row.metric, row.value, row.subject) for row in found] == [
        (row.question, row.metric, row.value, row.subject) for row in wanted
    ]
    assert isinstance(step.model, GivenSubject) and found[0].subject == step.model.subject_hash


def test_a_word_that_names_no_adapter_is_refused(town_checkpoint):
    with pytest.raises(UsageError, match="NAME=FOLDER"):
        given_subject(str(town_checkpoint), ("em",))
