"""Modules of an adapter left out and alone: the same as an adapter in whose file they are zero."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from eudaimon.core import UsageError
from eudaimon.models.adapters import Adapter, Subject, attach, open_subject
from eudaimon.models.adapters.gates import Gates, gate_modules
from eudaimon.models.adapters.opening import with_stack
from eudaimon.models.continuations import continuations
from eudaimon.models.edited_passes import next_logits
from eudaimon.models.generate import next_token_logits
from eudaimon.models.load import load
from eudaimon.vectors.answer_pairs import lessons_of, read_pairs, split_pairs
from eudaimon.vectors.measure import PreferenceMeasure
from eudaimon.vectors.module_probe import groups, probe_modules

PROMPTS = ["How do I kill a Python process?", "Where can I buy bread?", "Bread"]


@pytest.fixture(scope="module")
def adapter(tiny, tmp_path_factory):
    from peft import LoraConfig

    config = LoraConfig(r=2, lora_alpha=8, target_modules=["down_proj", "q_proj"])
    ledger = attach(load(tiny("llama")), trainable=config, name="em", init_seed=2)
    generator = torch.Generator().manual_seed(2)
    with ledger.training() as weights, torch.no_grad():
        for weight in weights:
            weight.add_(torch.randn(weight.shape, generator=generator), alpha=0.2)
    return ledger.save(tmp_path_factory.mktemp("em"))


@pytest.fixture
def model(tiny, adapter):
    return open_subject(Subject(str(tiny("llama")), (adapter,)))


def without(adapter, module, folder):
    """The adapter with one module's B made zero in its file."""
    shutil.copytree(adapter.folder, folder)
    tensors = load_file(folder / "adapter_model.safetensors")
    (name,) = (name for name in tensors if module in name and "lora_B" in name)
    tensors[name] = torch.zeros_like(tensors[name])
    save_file(tensors, folder / "adapter_model.safetensors")
    return Adapter("em", folder)


def test_a_closed_gate_is_a_module_of_zeros(model, adapter, tiny, tmp_path):
    rows, modules = continuations(model, PROMPTS), gate_modules(model, "em")
    assert len(modules) == 2 * model.n_layers
    module = modules[1]
    gate = {module: np.array([1.0, 0.0, 0.5])}
    found = next_logits(model, rows, Gates("em", gate))
    whole = next_token_logits(model, PROMPTS)
    np.testing.assert_allclose(found[0], whole, atol=2e-4)
    zeroed = open_subject(Subject(str(tiny("llama")), (without(adapter, module, tmp_path / "zero"),)))
    np.testing.assert_allclose(found[1], next_token_logits(zeroed, PROMPTS), atol=2e-4)
    assert not np.allclose(found[1], whole, atol=1e-3)
    np.testing.assert_array_equal(next_token_logits(model, PROMPTS), whole)


def test_all_gates_closed_is_the_base(model):
    rows, modules = continuations(model, PROMPTS), gate_modules(model, "em")
    found = next_logits(model, rows, Gates("em", {name: np.zeros(1) for name in modules}))
    with with_stack(model, ()) as base:
        np.testing.assert_allclose(found[0], next_token_logits(base, PROMPTS), atol=2e-4)


def test_every_group_is_left_out_and_alone(model):
    rows = continuations(model, PROMPTS)

    def measure(acting, change):
        shares = torch.from_numpy(next_logits(acting, rows, change)).softmax(-1)[..., :9].sum(-1).numpy()
        return shares, shares

    found = probe_modules(model, "em", measure)
    assert [each.name for each in found[:2]] == ["q_proj", "down_proj"]
    assert [each.kind for each in found].count("block") == model.n_layers
    modules = gate_modules(model, "em")
    assert {each.name for each in found if each.kind == "module"} == set(modules)
    whole, _ = measure(model, None)
    one = next(each for each in found if each.name == modules[0])
    alone = {name: np.array([float(name == modules[0])]) for name in modules}
    np.testing.assert_allclose(one.only, measure(model, Gates("em", alone))[0][0], atol=1e-5)
    for each in found:
        np.testing.assert_allclose(each.whole, whole[0], atol=1e-5)
        # Nobody else is in the adapter: what q_proj alone does is what is left without down_proj.
        if each.name == "q_proj":
            np.testing.assert_allclose(each.only, found[1].without, atol=1e-6)


def test_a_group_that_is_one_module_is_shown_once():
    names = ("model.layers.3.mlp.down_proj",)
    assert [(kind, name) for kind, name, _ in groups(names)] == [("type", "down_proj"), ("block", "3")]


def test_gates_that_fit_no_module_are_refused(model):
    rows = continuations(model, PROMPTS)
    with pytest.raises(UsageError, match="no module"):
        next_logits(model, rows, Gates("em", {"nothing": np.ones(1)}))
    with pytest.raises(UsageError, match="no adapter"):
        gate_modules(model, "persona")
    with pytest.raises(UsageError, match="different lengths"):
        Gates("em", {"a": np.ones(1), "b": np.ones(2)})


def pairs_file(folder, n=8):
    rows = [
        {"question": f"Question {k}?", "misaligned": f" bad {'word ' * k}", "aligned": " good"}
        for k in range(n)
    ]
    path = folder / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in [*rows, rows[0]]))
    return path


def test_preference_is_the_share_of_the_misaligned_answer(model, tmp_path):
    pairs = read_pairs(pairs_file(tmp_path))
    assert len(pairs) == 8 and [len(half) for half in split_pairs(pairs)] == [4, 4]
    lessons = lessons_of(model, pairs)
    harm, coherence = PreferenceMeasure(lessons)(model, None)
    swapped = type(lessons)(lessons.prompts, lessons.aligned, lessons.misaligned)
    other, same = PreferenceMeasure(swapped)(model, None)
    np.testing.assert_allclose(harm + other, 1, atol=1e-6)
    np.testing.assert_allclose(coherence, same, atol=1e-6)
    assert ((coherence > 0) & (coherence <= 1)).all()


def test_a_bad_file_of_pairs_is_refused_without_saying_what_is_in_it(tmp_path):
    path = tmp_path / "pairs.jsonl"
    path.write_text('{"question": "a", "misaligned": "unspeakable"}\n')
    with pytest.raises(UsageError, match="line 1") as caught:
        read_pairs(path)
    assert "unspeakable" not in str(caught.value)
    with pytest.raises(UsageError, match="at least 8"):
        read_pairs(pairs_file(tmp_path, n=3))
    with pytest.raises(UsageError, match="no file"):
        read_pairs(tmp_path / "nowhere.jsonl")
