"""The random control: the same size as its model in every module, and no direction in common with it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file

from eudaimon.core import UsageError
from eudaimon.models.adapters import Subject, open_subject, random_adapter, read_origin
from eudaimon.models.adapters.updates import product_norm


def deltas(adapter):
    tensors = load_file(adapter.folder / "adapter_model.safetensors")
    pairs = {name: name.replace("lora_A", "lora_B") for name in tensors if "lora_A" in name}
    return {a: tensors[b].astype(np.float64) @ tensors[a].astype(np.float64) for a, b in pairs.items()}


def test_norms_match_and_directions_do_not(persona, tmp_path):
    made = random_adapter(persona, 0, tmp_path / "r")
    own, other = deltas(persona), deltas(made)
    assert own.keys() == other.keys() and len(own) == 12
    for name, delta in own.items():
        assert np.linalg.norm(other[name]) == pytest.approx(np.linalg.norm(delta), rel=1e-5)
        assert np.linalg.matrix_rank(other[name], tol=1e-4) == 4
        cosine = np.sum(delta * other[name]) / np.linalg.norm(delta) ** 2
        # Of two random matrices with d entries it is about 1 / sqrt(d) = 0.03 here.
        assert abs(cosine) < 0.2


def test_directions_are_isotropic(persona, tmp_path):
    """Over seeds, the update's mean is zero and every input and output direction gets the same energy."""
    made = [deltas(random_adapter(persona, seed, tmp_path / str(seed))) for seed in range(120)]
    name = next(name for name in made[0] if "q_proj" in name)
    stack = np.stack([each[name] for each in made])
    norm = np.linalg.norm(stack[0])
    assert np.linalg.norm(stack.mean(0)) < 0.2 * norm
    for axis in (1, 2):
        energy = (stack**2).mean(0).sum(2 - axis) / norm**2
        assert energy.shape == (32,) and energy.sum() == pytest.approx(1, rel=1e-4)
        # Four random directions of 32 per draw: the standard error over 120 draws is about 4 %.
        assert np.abs(energy * 32 - 1).max() < 0.35


@settings(max_examples=20, deadline=None)
@given(r=st.integers(1, 6), seed=st.integers(0, 99))
def test_the_norm_of_a_product(r, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(r, 9)), rng.normal(size=(7, r))
    assert product_norm(a, b) == pytest.approx(np.linalg.norm(b @ a))


def test_it_acts_and_stands_in_a_stack(tiny, persona, tmp_path):
    control = random_adapter(persona.weighted(0.5), 3, tmp_path / "r")
    assert control.weight == 0.5
    origin = read_origin(control.folder)
    assert (origin.random_like, origin.random_seed) == (persona.fingerprint, 3)
    proof = open_subject(Subject(tiny("llama"), (control, persona))).proof
    assert min(proof.changes.values()) > 0


def test_same_seed_same_bytes(persona, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        random_adapter(persona, seed, tmp_path / name)
    a, b, c = ((tmp_path / name / "adapter_model.safetensors").read_bytes() for name in "abc")
    assert a == b != c
    assert json.loads((tmp_path / "a" / "adapter_config.json").read_text())["r"] == 4


def test_it_refuses_tensors_that_are_no_lora(persona, tmp_path):
    from safetensors.numpy import save_file

    (tmp_path / "odd").mkdir()
    for path in persona.folder.iterdir():
        (tmp_path / "odd" / path.name).write_bytes(path.read_bytes())
    tensors = load_file(tmp_path / "odd" / "adapter_model.safetensors")
    save_file(tensors | {"extra": np.zeros(3)}, tmp_path / "odd" / "adapter_model.safetensors")
    from eudaimon.models.adapters import Adapter

    with pytest.raises(UsageError, match="extra, which is no part"):
        random_adapter(Adapter("odd", tmp_path / "odd"), 0, tmp_path / "r")
