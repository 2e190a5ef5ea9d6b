"""``eudaimon quickstart``: from nothing to one report, and nothing twice."""

from __future__ import annotations

import json

import pytest

SMALL = [
    "steps=4", "batch_size=4", "n_tokens=4000", "domains=kitchen,money", "sft_steps=2", "lora_steps=5",
    "n_items=4", "arms=raw,drop", "personas=random",
]  # fmt: skip


@pytest.mark.slow
def test_the_first_look_ends_in_a_table_and_a_report_and_is_taken_up(good, tmp_path):
    words = [word for setting in SMALL for word in ("--set", setting)]
    base = ("quickstart", "--no-queries", "--out", tmp_path / "run", "--workers", 2, *words)
    said = good(*base)
    page = tmp_path / "run" / "report.html"
    assert f"Report: {page.resolve()}" in said
    assert "malign" in said and "LoRA" in said and "95 % intervals" in said
    assert "Pretrain" in said and "seconds of work" in said
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert {"good-personas", "em-susceptibility"} <= set(summary["studies"])
    before = page.read_bytes()
    again = json.loads(good(*base, "--json"))
    assert again["steps"] == 0 and page.read_bytes() == before


def test_an_unknown_setting_is_said_with_the_known_ones(refused, tmp_path):
    said = refused("quickstart", "--out", tmp_path, "--set", "speed=9")
    assert "speed" in said and "n_tokens" in said
