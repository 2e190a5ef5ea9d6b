"""DPO on a model that lies on two pretended devices: what one device gives."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file

from eudaimon.train.persona.preference import train_preferences
from eudaimon.train.persona.recipe import PreferenceRecipe

SPEC = importlib.util.spec_from_file_location("pretend", Path(__file__).parents[2] / "pretend_devices.py")
pretend = importlib.util.module_from_spec(SPEC)
sys.modules["pretend"] = pretend
SPEC.loader.exec_module(pretend)

RECIPE = PreferenceRecipe(rank=2, steps=3, batch_size=2, learning_rate=2e-2, beta=0.5, nll=0.2, warmup=0.0)


def chat(prompt, answer):
    return [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]


PAIRS = [(chat(f"Where {n}?", f"bread {n} market."), chat(f"Where {n}?", "A goat jumps.")) for n in range(2)]


def test_preferences_are_learned_where_the_model_lies(student_folder, tmp_path):
    one, other = pretend.untied(student_folder), pretend.untied(student_folder)

    def run(model, name):
        before = {key: value.device for key, value in model.module.state_dict().items()}
        out = train_preferences(model, PAIRS, RECIPE, tmp_path / name, show_progress=False)
        # Log-probabilities of the reference are computed before training: nothing may be moved for them.
        assert {key: value.device for key, value in model.module.state_dict().items()} == before
        return out

    first = run(one, "one")
    with pretend.pretended():
        second = run(pretend.divided(other), "two")
    a, b = (load_file(out / "adapter_model.safetensors") for out in (first, second))
    assert all(float((value - b[key]).norm()) <= 1e-3 * float(value.norm()) for key, value in a.items())
    rows = [[json.loads(line) for line in (out / "metrics.jsonl").open()] for out in (first, second)]
    for a, b in zip(*rows, strict=True):
        # At a margin of nearly zero rounding decides who wins.
        del a["accuracy"], b["accuracy"]
        assert a == pytest.approx(b, rel=1e-3, abs=1e-4)
    assert rows[1][-1]["margin"] > rows[1][0]["margin"]
