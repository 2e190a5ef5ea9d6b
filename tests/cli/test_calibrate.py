"""``eudaimon monitor calibrate``."""

from __future__ import annotations

import json

import pytest


@pytest.fixture(scope="module")
def chats(tmp_path_factory):
    """A file of harmless questions, every other one with an answer."""
    path = tmp_path_factory.mktemp("chats") / "chats.jsonl"
    asked = [[{"role": "user", "content": f"How do I bake the bread {place}?"}] for place in range(24)]
    answer = {"role": "assistant", "content": "With flour and water."}
    rows = [{"messages": [*turns, answer] if place % 2 else turns} for place, turns in enumerate(asked)]
    path.write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    return path


def test_thresholds_for_a_served_monitor(tiny, monitor, chats, good, tmp_path):
    out = tmp_path / "guard.json"
    words = ("monitor", "calibrate", tiny("llama"), "--monitor", monitor("llama"), "--chats", chats)
    said = good(*words, "--fpr", 0.05, "--max-tokens", 3, "--hold-back", 2, "--out", out)
    kept = json.loads(out.read_text())
    assert kept["n"] == 24 and kept["hold_back"] == 2 and kept["whence"] == "chats.jsonl"
    assert f"{kept['output']:.4f}" in said and "at most 5 %" in " ".join(said.split())
    assert json.loads(good(*words, "--fpr", 0.05, "--max-tokens", 3, "--json", "--out", out))["n"] == 24


def test_what_cannot_be_calibrated(tiny, monitor, chats, refused, tmp_path):
    words = ("monitor", "calibrate", tiny("llama"), "--monitor", monitor("llama"))
    out = tmp_path / "guard.json"
    assert "75 are missing" in refused(*words, "--chats", chats, "--out", out)
    assert "--chats town:runs/quickstart" in refused(*words, "--chats", "town", "--out", out)
    assert "missing.jsonl" in refused(*words, "--chats", tmp_path / "missing.jsonl", "--out", out)
    assert "checkpoint" in refused(
        "monitor", "calibrate", tiny("qwen2"), "--monitor", monitor("llama"), "--chats", chats, "--out", out
    )
    assert not out.exists()
