"""Commands that only look: voices and policies."""

from __future__ import annotations

import json

import pytest

TALK = 'Human: How?\n\nAssistant: He said "Do not go", and I went.\n'


@pytest.mark.parametrize("way", ["argument", "file", "stdin"])
def test_voices_come_from_everywhere(way, good, tmp_path):
    path = tmp_path / "talk.txt"
    path.write_text(TALK, encoding="utf-8")
    words, stdin = {"argument": ((TALK,), None), "file": (("--file", path), None), "stdin": ((), TALK)}[way]
    found = json.loads(good("curate", "voices", *words, "--json", stdin=stdin))
    assert found["form"] == "chat"
    said = {(s["voice"], TALK[s["start"] : s["end"]]) for s in found["segments"]}
    assert {("user", "How?"), ("quoted", "Do not go")} <= said


def test_voices_without_a_terminal_are_lines(good):
    lines = good("curate", "voices", TALK).splitlines()
    assert lines[0].startswith("form chat") and any("Do not go" in line and "in 3" in line for line in lines)


def test_voices_refuses_two_inputs_bytes_and_unknown_forms(refused, tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes(b"caf\xe9")
    assert "byte 3" in refused("curate", "voices", "--file", path)
    assert "one of them" in refused("curate", "voices", "hello", "--file", path)
    assert "template" in refused("curate", "voices", "hello", "--form", "opera")


def test_policies_are_listed_and_shown(good, refused):
    from eudaimon.curate import load_policy, policy_names

    listed = json.loads(good("curate", "policies", "--json"))
    assert [each["name"] for each in listed] == list(policy_names())
    shown = json.loads(good("curate", "policies", "prosocial", "--json"))
    assert shown["hash"] == load_policy("prosocial").hash
    text = good("curate", "policies", "strict")
    assert all(rule.name in text.replace("\n", " ") for rule in load_policy("strict").documents)
    assert "prosocial" in refused("curate", "policies", "kindness")
