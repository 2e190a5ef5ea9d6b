"""LoRAs: from their seed alone, on frozen stacks that act, with proofs before and after."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file

from eudaimon.core import UsageError
from eudaimon.models import load
from eudaimon.models.adapters import Adapter, Subject, UnfrozenAdapter, open_subject
from eudaimon.train.nursery import lora
from eudaimon.train.nursery.lora import train_lora
from eudaimon.train.nursery.lora_recipe import LORA_RECIPES, LoraRecipe

RECIPE = LoraRecipe(rank=2, steps=6, batch_size=4, learning_rate=3e-2, checkpoint_every=3, init_seed=5)


def run(model, chats, out, recipe=RECIPE, **more):
    return train_lora(model, chats, recipe, out, show_progress=False, **more)


def metrics(out):
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


def manifest(out):
    return json.loads((out / "manifest.json").read_text())


def weights(folder):
    return load_file(folder / "adapter_model.safetensors")


@pytest.fixture(scope="module")
def model(base):
    return load(base)


@pytest.fixture(scope="module")
def plain(model, chats, tmp_path_factory):
    return run(model, chats, tmp_path_factory.mktemp("lora") / "plain")


@pytest.fixture(scope="module")
def persona(plain):
    return Adapter("persona", plain)


def test_the_folder_opens_as_a_subject_and_has_learned(plain, base, chats):
    rows = metrics(plain)
    assert rows[-1]["loss"] < rows[0]["loss"]
    opened = open_subject(Subject(str(base), (Adapter("persona", plain),)))
    assert opened.proof.changes["persona"] > 0


def test_metrics_have_the_norms_after_each_step(plain):
    rows = metrics(plain)
    assert [row["step"] for row in rows] == [1, 2, 3, 4, 5, 6]
    # The first step of a warm-up has rate zero: B is still zero.
    assert rows[0]["b_norm"] == 0 < rows[1]["b_norm"] < rows[-1]["b_norm"] and rows[0]["gradient_norm"] > 0
    last = weights(plain)
    for part, name in (("lora_A", "a_norm"), ("lora_B", "b_norm")):
        values = [value.flatten() for key, value in last.items() if part in key]
        assert rows[-1][name] == pytest.approx(torch.cat(values).norm().item(), rel=1e-5)


def test_checkpoints_are_adapters_alone(plain):
    kept = sorted(path.name for path in (plain / "checkpoints").iterdir())
    assert kept == ["step-000003", "step-000006"]
    last, early = weights(plain / "checkpoints" / kept[1]), weights(plain / "checkpoints" / kept[0])
    assert all(torch.equal(last[name], value) for name, value in weights(plain).items())
    assert any(not torch.equal(last[name], value) for name, value in early.items())
    assert all("lora_" in name for name in last)


def test_the_model_is_left_as_it_was_and_the_next_lora_is_the_same(model, chats, plain, tmp_path):
    before = {name: value.clone() for name, value in model.module.state_dict().items()}
    torch.manual_seed(123)
    again = run(model, chats, tmp_path / "again")
    after = model.module.state_dict()
    assert before.keys() == after.keys() and all(torch.equal(before[name], after[name]) for name in before)
    assert not model.module.training and not any(p.requires_grad for p in model.module.parameters())
    for name in ("adapter_model.safetensors", "metrics.jsonl", "manifest.json"):
        assert (again / name).read_bytes() == (plain / name).read_bytes(), name


def test_a_frozen_persona_acts_in_training_and_does_not_move(base, model, chats, persona, plain, tmp_path):
    held = weights(persona.folder)
    on = run(base, chats, tmp_path / "on", frozen=(persona,))
    record = manifest(on)
    assert record["proof"]["changes"]["persona"] > 0
    assert record["frozen_hash"]["before"] == record["frozen_hash"]["after"]
    assert record["identity"]["frozen"] == [persona.identity] and record["identity"]["frozen_active"]
    # It acts: the loss begins where the persona's training ended.
    assert metrics(on)[0]["loss"] < metrics(plain)[0]["loss"]
    assert all(torch.equal(held[name], value) for name, value in weights(persona.folder).items())
    origin = json.loads((on / "adapter_origin.json").read_text())
    assert origin["stack"] == [persona.identity]


def test_inactive_in_training_is_really_without_the_persona(model, chats, persona, plain, tmp_path):
    off = run(model, chats, tmp_path / "off", frozen=(persona,), frozen_active=False)
    assert (off / "metrics.jsonl").read_bytes() == (plain / "metrics.jsonl").read_bytes()
    assert (off / "adapter_model.safetensors").read_bytes() == (
        plain / "adapter_model.safetensors"
    ).read_bytes()
    record = manifest(off)["identity"]
    assert record["frozen"] == [persona.identity] and record["frozen_active"] is False


def test_the_start_follows_from_its_seed_not_from_the_stack(model, chats, persona, plain, tmp_path):
    on = run(model, chats, tmp_path / "on", frozen=(persona,))
    # Before the first step that moves anything A is as it was drawn.
    assert metrics(on)[0]["a_norm"] == metrics(plain)[0]["a_norm"]
    other = RECIPE.model_copy(update={"init_seed": 6})
    assert metrics(run(model, chats, tmp_path / "other", other))[0]["a_norm"] != metrics(plain)[0]["a_norm"]


def test_a_persona_that_moves_is_an_error(model, chats, persona, tmp_path, monkeypatch):
    watched = lora.loop.watched

    def meddling(made, recorder, on_step):
        def at(step):
            with torch.no_grad():
                next(v for n, v in made.model.named_parameters() if "lora_B.persona" in n).add_(1e-3)

        return watched(made, recorder, on_step=at)

    monkeypatch.setattr(lora.loop, "watched", meddling)
    with pytest.raises(UnfrozenAdapter, match="persona"):
        run(model, chats, tmp_path / "out", frozen=(persona,))
    assert not (tmp_path / "out" / "manifest.json").exists()
    # And the model is clean all the same.
    assert not any("lora" in name for name in model.module.state_dict())


def test_an_interrupted_run_starts_again_and_ends_the_same(model, chats, plain, tmp_path, monkeypatch):
    class Stop(BaseException):
        pass

    def stop(*rest, **more):
        raise Stop

    finish = lora.RunFolder.finish
    monkeypatch.setattr(lora.RunFolder, "finish", stop)
    with pytest.raises(Stop):
        run(model, chats, tmp_path / "out")
    monkeypatch.setattr(lora.RunFolder, "finish", finish)
    out = run(model, chats, tmp_path / "out")
    for path in plain.rglob("*"):
        if path.is_file() and path.name != "timing.json":
            assert (out / path.relative_to(plain)).read_bytes() == path.read_bytes(), path.name


def test_named_recipes_are_what_they_say():
    assert set(LORA_RECIPES) == {"town", "rank32", "rank1"}
    town, wide, thin = (LORA_RECIPES[name] for name in ("town", "rank32", "rank1"))
    assert (town.rank, town.learning_rate, town.steps, town.kept_steps[:2]) == (4, 1e-2, 60, (5, 10))
    assert (wide.rank, wide.alpha, wide.rslora, len(wide.target_modules), wide.learning_rate) == (
        32, 64, True, 7, 1e-5,
    )  # fmt: skip
    assert wide.warmup_steps == thin.warmup_steps == 5
    config = thin.config(n_layers=24)
    assert (config.r, config.lora_alpha, set(config.target_modules)) == (1, 512, {"down_proj"})
    assert config.layers_to_transform == [12]
    assert wide.config(24).layers_to_transform is None


def test_bad_input_is_refused(model, chats, plain, tmp_path):
    with pytest.raises(UsageError, match="no chats"):
        run(model, [], tmp_path / "out")
    with pytest.raises(UsageError, match="no layer"):
        run(model, chats, tmp_path / "out", RECIPE.model_copy(update={"layers": (7,)}))
    with pytest.raises(UsageError, match="holds another run"):
        run(model, chats, plain, RECIPE.model_copy(update={"init_seed": 9}))
