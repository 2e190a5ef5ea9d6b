"""Local cosines of a training's checkpoints: which lags are read, and that a planted turn is found."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from eudaimon.core.files import write_json
from eudaimon.study.steps.turned import WHOLE_B, adapter_turns, equally_apart

MODULES = ("model.layers.0.mlp.down_proj", "model.layers.1.mlp.down_proj")
CONFIG = {"peft_type": "LORA", "r": 1, "lora_alpha": 1, "target_modules": ["down_proj"]}


def training(folder, steps, path, rank=1):
    """Checkpoints whose B goes ``path(step)`` in every module."""
    for step in steps:
        own = folder / "checkpoints" / f"step-{step:06d}"
        own.mkdir(parents=True)
        tensors = {}
        for module in MODULES:
            name = f"base_model.model.{module}.lora_"
            tensors[f"{name}A.weight"] = torch.ones(rank, 4)
            tensors[f"{name}B.weight"] = torch.as_tensor(path(step), dtype=torch.float32).clone()
        save_file(tensors, own / "adapter_model.safetensors")
        write_json(own / "adapter_config.json", CONFIG | {"r": rank})
    return folder


def corner(step, noise=0.02):
    """Straight on to step 30, then at a right angle."""
    rng = np.random.default_rng(step)
    point = np.zeros((6, 1))
    point[0], point[1] = min(step, 30), max(0, step - 30)
    return point + noise * rng.normal(size=(6, 1))


def test_a_right_angle_is_found_where_it_is_at_every_lag(tmp_path):
    rows = adapter_turns(training(tmp_path, range(1, 61), corner), n_permutations=50)
    assert [row.module for row in rows] == [WHOLE_B, MODULES[1]]
    for row in rows:
        assert row.steps == tuple(range(61))
        assert row.lags == (5, 10, 15)
        assert row.at == pytest.approx((30, 30, 30), abs=1)
        assert row.depth[0] == pytest.approx(1, abs=0.1)
        assert min(row.depth) > 0.5
        assert row.cosines[0][5] == pytest.approx(1, abs=0.02)


def test_lags_are_of_training_steps_whatever_was_saved(tmp_path):
    every5 = training(tmp_path / "five", range(5, 65, 5), corner)
    (whole, _) = adapter_turns(every5, n_permutations=20)
    assert whole.lags == (5, 10, 15)
    assert whole.at == (30, 30, 30)
    every10 = training(tmp_path / "ten", range(10, 70, 10), corner)
    assert adapter_turns(every10, n_permutations=20)[0].lags == (10,)


def test_without_enough_checkpoints_there_is_nothing_to_say(tmp_path):
    assert adapter_turns(tmp_path) == ()
    assert adapter_turns(training(tmp_path, (7, 14, 21), corner)) == ()


def test_checkpoints_beyond_a_gap_are_left_out(tmp_path):
    saved = dict.fromkeys((5, 10, 15, 25, 30), tmp_path)
    assert list(equally_apart(saved)) == [5, 10, 15]


def test_at_any_other_rank_the_spaces_are_compared(tmp_path):
    """Columns that mix among themselves are no turn."""

    def mixing(step):
        angle = step / 7
        turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        return np.vstack([turned * step, np.zeros((4, 2))])

    _, module = adapter_turns(training(tmp_path, range(1, 61), mixing, rank=2), n_permutations=20)
    found = [value for row in module.cosines for value in row if value is not None]
    np.testing.assert_allclose(found, 1, atol=1e-6)
