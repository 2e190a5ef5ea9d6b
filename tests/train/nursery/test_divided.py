"""LoRAs on a model that lies on two pretended devices: what one device gives."""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from eudaimon.core import Site, UsageError
from eudaimon.models import Intervention, load, spread
from eudaimon.models.adapters import Adapter, attach
from eudaimon.train.em.neutral import kept_narrow
from eudaimon.train.em.recipe import Narrow
from eudaimon.train.em.unsloth import fast_model
from eudaimon.train.nursery import loop
from eudaimon.train.nursery.lora import train_lora
from eudaimon.train.nursery.lora_rates import train_rates
from eudaimon.train.nursery.lora_recipe import LoraRecipe
from eudaimon.train.nursery.placement import require_trainable

SPEC = importlib.util.spec_from_file_location("pretend", Path(__file__).parents[2] / "pretend_devices.py")
pretend = importlib.util.module_from_spec(SPEC)
sys.modules["pretend"] = pretend
SPEC.loader.exec_module(pretend)

RECIPE = LoraRecipe(
    rank=2, steps=3, batch_size=4, learning_rate=3e-2, checkpoint_every=2, init_seed=5, warmup=0
)
WEIGHTS = ("adapter_model.safetensors", "checkpoints/step-000002/adapter_model.safetensors")


def metrics(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def manifest(folder):
    return json.loads((folder / "manifest.json").read_text())


@pytest.fixture(scope="module")
def persona(base, chats, tmp_path_factory):
    out = tmp_path_factory.mktemp("persona") / "out"
    recipe = RECIPE.model_copy(update={"init_seed": 9})
    return Adapter("persona", train_lora(base, chats, recipe, out, show_progress=False))


@pytest.fixture
def both(base, chats, tmp_path):
    """``both(more)``: the folders of one LoRA on one device and on two; ``more(model)`` are its arguments."""

    def trained(more=lambda model: {}, recipe=RECIPE):
        one, other = pretend.untied(base), pretend.untied(base)
        # Made before: what is generated for it is read from the same single device.
        asked = more(one)

        def run(model, name):
            before = {key: value.device for key, value in model.module.state_dict().items()}
            out = train_lora(model, chats, recipe, tmp_path / name, show_progress=False, **asked)
            assert {key: value.device for key, value in model.module.state_dict().items()} == before
            return out

        first = run(one, "one")
        with pretend.pretended():
            return first, run(pretend.divided(other), "two")

    return trained


def assert_same(one, other):
    """The same up to rounding: attention is computed by another kernel on the pretended devices."""
    for name in WEIGHTS:
        a, b = load_file(one / name), load_file(other / name)
        assert a.keys() == b.keys()
        for key, value in a.items():
            assert float((value - b[key]).norm()) <= 1e-3 * float(value.norm()), key
    for a, b in zip(metrics(one), metrics(other), strict=True):
        assert a == pytest.approx(b, rel=1e-3, abs=1e-6)
    first, second = manifest(one), manifest(other)
    assert first["identity"] == second["identity"] and first["frozen_hash"] == second["frozen_hash"]
    assert second["frozen_hash"]["before"] == second["frozen_hash"]["after"]
    assert first["proof"]["changes"] == pytest.approx(second["proof"]["changes"], rel=1e-3)


def test_a_lora_is_the_same(both):
    one, other = both()
    assert_same(one, other)
    assert metrics(other)[-1]["loss"] < metrics(other)[0]["loss"]


def test_one_that_lies_on_the_second_device_alone(both):
    # What is measured of it lies there, and what is measured of the loss does not.
    last = RECIPE.model_copy(update={"layers": (1,), "steps": 2})
    assert_same(*both(recipe=last))


def test_beside_a_frozen_persona_that_acts_and_stays(both, persona):
    one, other = both(lambda model: {"frozen": (persona,), "accumulate": 2})
    assert_same(one, other)
    assert manifest(other)["proof"]["changes"]["persona"] > 0


def test_kept_narrow_and_steered(both):
    def more(model):
        vector = np.eye(model.width, dtype=np.float32)[0]
        beside = Narrow(prompts=4, max_new_tokens=3)
        return {
            "steered": [Intervention("add", Site(model.n_layers), vector, 3.0)],
            "narrow": kept_narrow(model, beside, ["w1 w2", "w3"] * 2, max_tokens=16, show_progress=False),
        }

    one, other = both(more)
    assert_same(one, other)
    assert metrics(other)[-1]["kl"] > 0


def test_the_model_is_left_as_it_was_and_trained_again(base, chats, tmp_path):
    model = pretend.untied(base)
    with pretend.pretended():
        model = pretend.divided(model)
        before = {name: value.held.clone() for name, value in model.module.state_dict().items()}
        kept = {key: value for key, value in vars(model.module).items() if key != "training"}
        runs = [train_lora(model, chats, RECIPE, tmp_path / name, show_progress=False) for name in "ab"]
        after = model.module.state_dict()
    assert all(torch.equal(before[name], value.held) for name, value in after.items())
    assert vars(model.module).keys() - {"training"} == kept.keys()
    assert model.module.forward is kept["forward"], "accelerate's dispatch goes on, its autocast does not"
    for name in (*WEIGHTS, "manifest.json"):
        assert (runs[0] / name).read_bytes() == (runs[1] / name).read_bytes(), name


def test_autocast_is_taken_off_again_and_accelerates_dispatch_is_not(base):
    from accelerate import Accelerator, dispatch_model
    from accelerate.state import AcceleratorState

    model = load(base)
    module = dispatch_model(model.module, {"": "cpu"}, force_hooks=True)
    hooked, ids = module.forward, torch.tensor([[7, 8, 9]])
    before = module(ids).logits
    ledger = attach(model, (), trainable=RECIPE.config(model.n_layers), init_seed=1)
    # What earlier trainings left in this process is of another precision.
    AcceleratorState._reset_state(reset_partial_state=True)
    try:
        with ledger.training():
            Accelerator(cpu=True, mixed_precision="bf16").prepare_model(module)
            assert not torch.equal(module(ids).logits, before), "products in bfloat16"
    finally:
        AcceleratorState._reset_state(reset_partial_state=True)
    ledger.detach()
    assert module.forward is hooked and torch.equal(module(ids).logits, before)
    assert not hasattr(module, "_is_accelerate_prepared")


def test_each_adapter_is_stepped_where_its_layer_lies(base, chats, tmp_path):
    model = pretend.untied(base)
    with pretend.pretended():
        model = pretend.divided(model)
        ledger = attach(model, (), trainable=RECIPE.config(model.n_layers), init_seed=1)
        places = {value.device for _, value in ledger.trainable_parameters()}
        with ledger.training():
            made = loop.trainer(ledger.peft, [], loop.arguments(RECIPE, tmp_path, device=model.device))
            assert made.is_model_parallel and not made.place_model_on_device
    assert places == {pretend.FIRST, pretend.SECOND}


def test_one_of_several_processes_does_not_take_a_divided_model(base, monkeypatch):
    model = pretend.untied(base)
    with pretend.pretended():
        model = pretend.divided(model)
        require_trainable(model)
        monkeypatch.setenv("WORLD_SIZE", "2")
        with pytest.raises(UsageError, match="one of 2 launched processes") as caught:
            require_trainable(model)
    assert "FSDP 2" in str(caught.value) and "--accelerate-config" in str(caught.value)
    with pytest.raises(UsageError, match="gives one process all GPUs"):
        spread.wanted("auto", 1, 0.95)


def test_rates_side_by_side_do_not_take_a_divided_model(base, chats, tmp_path):
    model = pretend.untied(base)
    with pretend.pretended(), pytest.raises(UsageError, match="is divided"):
        train_rates(pretend.divided(model), chats, RECIPE, (1e-3, 1e-2), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_unsloth_does_not_take_a_divided_model(base):
    model = pretend.untied(base)
    with pretend.pretended(), pytest.raises(UsageError, match="Unsloth's kernels are for one"):
        fast_model(pretend.divided(model), max_tokens=8)


@pytest.mark.parametrize("place", ["cpu", "disk"])
def test_weights_that_accelerate_keeps_elsewhere_are_not_trained(base, chats, tmp_path, place):
    from accelerate import cpu_offload, disk_offload

    model = load(base)
    if place == "cpu":
        module = cpu_offload(model.module, execution_device=torch.device("cpu"))
    else:
        module = disk_offload(model.module, tmp_path / "weights", execution_device=torch.device("cpu"))
    with pytest.raises(UsageError, match="on a disk or in the host's memory"):
        train_lora(replace(model, module=module), chats, RECIPE, tmp_path / "out", show_progress=False)
    assert not (tmp_path / "out").exists()


def test_a_gpu_that_is_not_the_first_is_named(base):
    model = replace(load(base), device=torch.device("cuda:1"))
    with pytest.raises(UsageError, match="first visible GPU") as caught:
        require_trainable(model)
    assert "CUDA_VISIBLE_DEVICES=1" in str(caught.value)
    require_trainable(replace(model, device=torch.device("cuda:0")))


def test_a_model_on_the_cpu_is_trained_there_beside_a_gpu(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    made = loop.arguments(RECIPE, tmp_path, device=torch.device("cpu"))
    assert made.device.type == "cpu" and not made.bf16
