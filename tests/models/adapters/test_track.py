"""Where a LoRA went: the weights of its checkpoints, against a plain reading of the files."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import load_file

from eudaimon.core import UsageError
from eudaimon.models.adapters.track import b_modules, b_track, middle_module, saved_steps, whole_track


@pytest.fixture(scope="module")
def folders(make_adapter):
    """Three LoRAs on the same modules, as checkpoints of one training would be."""
    return [make_adapter("track", seed).folder for seed in (11, 12, 13)]


def test_checkpoints_come_in_the_order_of_their_steps(tmp_path):
    for name in ("step-000100", "step-000020", "step-000003", "other"):
        (tmp_path / "checkpoints" / name).mkdir(parents=True)
    assert list(saved_steps(tmp_path)) == [3, 20, 100]
    assert saved_steps(tmp_path)[20].name == "step-000020"
    assert saved_steps(tmp_path / "nowhere") == {}


def test_b_is_what_the_file_holds(folders):
    modules = b_modules(folders[0])
    assert modules == tuple(sorted(modules))
    for module in modules:
        track = b_track(folders, module)
        for time, folder in enumerate(folders):
            held = load_file(folder / "adapter_model.safetensors")
            np.testing.assert_array_equal(track[time], held[f"base_model.model.{module}.lora_B.weight"])


def test_the_whole_has_the_lengths_and_angles_of_all_modules_side_by_side(folders):
    plain = np.concatenate([b_track(folders, m).reshape(3, -1) for m in b_modules(folders[0])], axis=1)
    whole = whole_track(folders)
    assert whole.shape == (3, 3)
    np.testing.assert_allclose(whole @ whole.T, plain @ plain.T, rtol=1e-9)
    steps, few = np.diff(plain, axis=0), np.diff(whole, axis=0)
    assert few[0] @ few[1] == pytest.approx(steps[0] @ steps[1])


def test_the_middle_module_is_the_down_projection_of_the_middle_layer(folders, make_adapter):
    down = [name for name in b_modules(folders[0]) if name.endswith("down_proj")]
    assert middle_module(folders[0]) == sorted(down)[len(down) // 2]
    without = make_adapter("attention", 1, target_modules=["q_proj", "v_proj"]).folder
    assert middle_module(without) in b_modules(without)


def test_modules_without_a_lora_and_other_shapes_are_refused(folders, make_adapter):
    with pytest.raises(UsageError, match="has no LoRA"):
        b_track(folders, "model.layers.0.mlp.gate_proj")
    with pytest.raises(UsageError, match="there is no checkpoint"):
        whole_track([])
    other = make_adapter("wider", 1, r=2).folder
    with pytest.raises(UsageError, match="has shape"):
        b_track([folders[0], other], b_modules(other)[0])
