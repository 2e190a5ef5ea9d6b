"""``adapters``: a LoRA shown, a stack proven or refused, and a random adapter beside one."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file


@pytest.fixture(scope="module")
def kind(lora):
    return lora("kind", 1)


@pytest.fixture(scope="module")
def harm(lora):
    return lora("harm", 2)


def updates(folder):
    """Each module's update as it acts, from the file: scaling times B A."""
    tensors = load_file(folder / "adapter_model.safetensors")
    return {
        name.removeprefix("base_model.model.").removesuffix(".lora_A.weight"): 2
        * tensors[name.replace("lora_A", "lora_B")].astype(np.float64)
        @ tensors[name].astype(np.float64)
        for name in tensors
        if "lora_A" in name
    }


def test_show_has_the_norms_of_the_updates(kind, tiny, good):
    found = json.loads(good("adapters", "show", kind, "--json"))
    own = updates(kind)
    assert {each["module"]: each["rank"] for each in found["modules"]} == dict.fromkeys(own, 4)
    for each in found["modules"]:
        assert each["norm"] == pytest.approx(np.linalg.norm(own[each["module"]]), rel=1e-5)
    assert found["norm"] == pytest.approx(np.sqrt(sum(np.sum(own[name] ** 2) for name in own)), rel=1e-5)
    assert (found["ranks"], found["alpha"], found["origin"]["init_seed"]) == ([4], 8, 1)
    printed = good("adapters", "show", kind)
    assert found["fingerprint"] in printed and tiny("llama").name in printed
    assert "q_proj" in printed and "down_proj" in printed


def test_show_follows_the_scaling_of_the_config(kind, tmp_path, good):
    other = shutil.copytree(kind, tmp_path / "other")
    path = other / "adapter_config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps(config | {"use_rslora": True, "alpha_pattern": {"down_proj": 2}}))
    before, after = (
        json.loads(good("adapters", "show", each, "--json"))["modules"] for each in (kind, other)
    )
    for own, changed in zip(before, after, strict=True):
        # 8 / 4 before; now alpha over the root of the rank.
        factor = (2 if "down_proj" in own["module"] else 8) / 2 / 2
        assert changed["norm"] == pytest.approx(factor * own["norm"])


def test_prove_says_what_each_adapter_changes(tiny, kind, harm, good, tmp_path):
    stack = ("--adapter", f"kind={kind}", "--adapter", f"harm={harm}")
    found = json.loads(good("adapters", "prove", tiny("llama"), *stack, "--json"))
    changes = found["proof"]["changes"]
    assert found["accepted"] and list(changes) == ["kind", "harm"] and min(changes.values()) > 0.01
    off = json.loads(good("adapters", "prove", tiny("llama"), *stack, "--weight", "harm=0", "--json"))
    assert off["proof"]["changes"]["harm"] == 0 and off["proof"]["changes"]["kind"] > 0.01
    assert f"{changes['kind']:.3g}" in good("adapters", "prove", tiny("llama"), *stack)


def test_prove_refuses_an_adapter_that_does_nothing_and_one_of_another_base(tiny, kind, call, tmp_path):
    silent = shutil.copytree(kind, tmp_path / "silent")
    path = silent / "adapter_model.safetensors"
    save_file({name: np.zeros_like(value) for name, value in load_file(path).items()}, path)
    result = call("adapters", "prove", tiny("llama"), "--adapter", f"silent={silent}", "--json")
    assert result.code == 1
    assert json.loads(result.out)["refused"] == "InactiveAdapter"
    other = call("adapters", "prove", tiny("qwen2"), "--adapter", f"kind={kind}")
    assert other.code == 1 and other.out.startswith("Refused (WrongBase)")


def test_prove_tells_mistakes(tiny, kind, refused, tmp_path):
    base = ("adapters", "prove", tiny("llama"))
    assert "a name and a value" in refused(*base, "--adapter", kind)
    assert "twice" in refused(*base, "--adapter", f"a={kind}", "--adapter", f"a={kind}")
    assert "names no adapter" in refused(*base, "--adapter", f"a={kind}", "--weight", "b=1")
    assert "no number" in refused(*base, "--adapter", f"a={kind}", "--weight", "a=much")
    assert "adapter_config.json" in refused(*base, "--adapter", f"a={tmp_path}")


def test_random_stands_beside_with_the_same_norms(kind, tiny, good, refused, tmp_path):
    out = tmp_path / "random"
    made = json.loads(good("adapters", "random", kind, "--out", out, "--seed", 7, "--json"))
    shown = json.loads(good("adapters", "show", out, "--json"))
    own = json.loads(good("adapters", "show", kind, "--json"))
    assert made["fingerprint"] == shown["fingerprint"] != own["fingerprint"]
    for ours, theirs in zip(shown["modules"], own["modules"], strict=True):
        assert ours["module"] == theirs["module"]
        assert ours["norm"] == pytest.approx(theirs["norm"], rel=1e-4)
    assert own["fingerprint"] in good("adapters", "show", out)
    assert "is there already" in refused("adapters", "random", kind, "--out", out)
    good("adapters", "prove", tiny("llama"), "--adapter", f"random={out}")
