"""One model over two pretended devices: what reads, changes and proves it gives what one device gives."""

from __future__ import annotations

import importlib.util
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from eudaimon.core import ModelUnavailable, Site
from eudaimon.models import Intervention, capture, capture_tokens, generate, intervene, load, spread, tap
from eudaimon.models.adapters import as_model, attach, open_grid
from eudaimon.models.adapters.gates import Gates, gate_modules
from eudaimon.models.adapters.room import room_bytes
from eudaimon.models.continuations import continuations
from eudaimon.models.edited_passes import likelihood, next_logits, states
from eudaimon.models.edits import Edits

SPEC = importlib.util.spec_from_file_location("pretend", Path(__file__).parents[2] / "pretend_devices.py")
pretend = importlib.util.module_from_spec(SPEC)
sys.modules["pretend"] = pretend
SPEC.loader.exec_module(pretend)

FIRST, SECOND = pretend.FIRST, pretend.SECOND
untied, divided = pretend.untied, pretend.divided
TEXTS = ["fox dog bread", "river", "the goat jumps by the river"]


@pytest.fixture
def both(tiny):
    """What a function makes of one model on the CPU, and of the same model on two devices."""

    def asked(act):
        # Loaded before: transformers reads files below the operations that pretended devices see.
        one, other = untied(tiny("llama")), untied(tiny("llama"))
        first = act(one)
        with pretend.pretended():
            return first, act(divided(other))

    return asked


def vector(model, layer, positions):
    values = np.random.default_rng(layer).standard_normal(model.width).astype(np.float32)
    return Intervention("add", Site(layer), values / np.linalg.norm(values), 2.0, positions=positions)


def alike(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)


def test_two_devices_are_not_to_be_mixed():
    with pretend.pretended(), pytest.raises(pretend.Mixed):
        torch.ones(2).to(FIRST) + torch.ones(2).to(SECOND)


@pytest.mark.parametrize("pooling", ["mean", "last", "max", "softmax"])
def test_reading_pooled(both, pooling):
    alike(*both(lambda model: capture(model, TEXTS, model.sites, pooling=pooling).values))


def test_reading_tokens_and_forwards_that_run_anyway(both):
    alike(*both(lambda model: capture_tokens(model, TEXTS, [0, model.n_layers]).values))

    def tapped(model):
        with tap(model, model.sites) as read:
            generate(model, TEXTS[:1], max_new_tokens=2)
        return read.values(0)

    alike(*both(tapped))


@pytest.mark.parametrize("positions", ["all", "content", "last", "generated"])
def test_changing(both, positions):
    def said(model):
        with intervene(model, [vector(model, layer, positions) for layer in (1, model.n_layers)]):
            return generate(model, TEXTS, max_new_tokens=5, temperature=1.0, seed=3)

    one, other = both(said)
    assert one == other


@pytest.mark.parametrize("kind", ["add", "ablate"])
def test_edits_of_many_copies(both, kind):
    def found(model):
        rows = continuations(model, TEXTS, ["bread", "fox", "dog"], template=False)
        values = np.random.default_rng(0).standard_normal((3, 2, model.width)).astype(np.float32)
        edits = Edits(kind, Site(model.n_layers), values, first=-1)
        read = states(model, rows, [1, model.n_layers], [-1, 0])
        return next_logits(model, rows, edits), likelihood(model, rows, edits), read

    for a, b in zip(*both(found), strict=True):
        alike(a, b)


def test_adapters_are_loaded_proven_and_gated(both, persona, em):
    def found(model):
        ledger = attach(model, (persona, em), prove=False)
        changes = ledger.prove().changes
        opened = as_model(ledger)
        gates = Gates("em", {name: np.array([0.0, 1.0]) for name in gate_modules(opened, "em")})
        lora = {value.device for name, value in opened.module.named_parameters() if ".lora_" in name}
        assert lora == set(spread.devices(model.module))
        return changes, next_logits(opened, continuations(opened, TEXTS), gates)

    one, other = both(found)
    assert one[0] == pytest.approx(other[0], rel=1e-3)
    alike(one[1], other[1])


def test_a_grid_of_stacks(both, persona, em):
    def said(model):
        grid = open_grid(model, {"base": (), "persona": (persona,), "both": (persona, em)}, prove=False)
        grid.prove()
        return (
            grid.generate(TEXTS, n_samples=2, max_new_tokens=4, seed=1, show_progress=False),
            room_bytes(model),
        )

    one, other = both(said)
    assert one[0] == other[0]
    assert other[1] > one[1], "two devices hold more than one"


def test_a_map_of_modules_is_followed(tiny):
    one, other = load(tiny("llama")), load(tiny("llama"), device={"": "cpu"})
    a, b = (capture(model, TEXTS, [1]).values for model in (one, other))
    np.testing.assert_array_equal(a, b)


def test_weights_off_the_gpus_are_refused():
    module = SimpleNamespace(hf_device_map={"model.embed_tokens": 0, "model.layers": 1, "lm_head": "disk"})
    with pytest.raises(ModelUnavailable, match="would lie on the disk"):
        spread.require_on_gpus(module, "m")
    spread.require_on_gpus(SimpleNamespace(hf_device_map={"": 0, "lm_head": 1}), "m")


def test_what_a_spread_network_gives_is_brought_together_and_its_head_is_current(monkeypatch):
    current = []

    @contextmanager
    def device(place):
        current.append(place)
        yield
        current.append(None)

    monkeypatch.setattr(torch.cuda, "device", device)
    module = torch.nn.Identity()
    module.hf_device_map = {"embed": 0, "head": 1}
    end = {"head": torch.device("cuda:1"), "embed": torch.device("meta")}
    for name, part in (("get_input_embeddings", "embed"), ("get_output_embeddings", "head")):
        place = SimpleNamespace(weight=SimpleNamespace(device=end[part]))
        setattr(module, name, lambda place=place: place)
    with spread.outputs_together(module):
        assert module({"logits": torch.ones(2)})["logits"].device == end["embed"]
        assert current == [end["head"]]
    assert current == [end["head"], None] and module(torch.ones(2)).device.type == "cpu"
    module.hf_device_map = {"": 0}
    with spread.outputs_together(module):
        assert len(current) == 2, "on one device nothing is done"


def test_which_models_are_spread(monkeypatch):
    gb = 10**9
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _=0: (80 * gb, 80 * gb))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert spread.wanted(None, 15 * gb, 0.95) is None
    assert spread.wanted(None, 145 * gb, 0.95) == spread.wanted("auto", 15 * gb, 0.95) == "auto"
    assert spread.wanted("cuda:1", 145 * gb, 0.95) is None, "what is named is meant"
    assert spread.free_bytes() == 160 * gb
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert spread.wanted("auto", 145 * gb, 0.95) is None
    assert spread.wanted({"": 0}, gb, 0.95) == {"": 0}
