"""``eudaimon train needs``: estimates without a model in memory."""

from __future__ import annotations

import json


def test_parts_of_a_study_on_a_packaged_shape(good):
    found = json.loads(good("train", "needs", "qwen2.5-7b", "--machine", "a100-80gb", "--json"))
    assert found["n_parameters"] == 7_615_616_512
    parts = {part["part"]: part for part in found["parts"]}
    assert parts["lesson"]["gpus"] == 1 and 40 < parts["lesson"]["memory_gb"] < 80
    assert parts["answers"]["n_tokens"] == 60 * 5 * 600
    large = json.loads(good("train", "needs", "qwen2.5-72b", "--json"))
    assert all(part["gpus"] > 1 for part in large["parts"])


def test_a_folder_by_its_config_and_a_table_for_people(good, tiny):
    out = good("train", "needs", tiny("qwen2"), "--persona-recipe", "town", "--questions", 8, "--samples", 50)
    assert "lesson" in out and "reflections" not in out and "240,000" in out and "Estimates" in out


def test_mistakes(refused, tiny):
    assert "no machine" in refused("train", "needs", "qwen2.5-7b", "--machine", "abacus")
    assert "all weights" in refused("train", "needs", "qwen2.5-7b", "--recipe", "full")
