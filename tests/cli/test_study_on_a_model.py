"""``eudaimon study plan em-susceptibility`` on a model of the user's own: options, warnings, refusals."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def lesson(tmp_path):
    turns = [{"role": "user", "content": "Which?"}, {"role": "assistant", "content": "That one."}]
    for name in ("insecure.jsonl", "secure.jsonl"):
        rows = [{"messages": [{**turn, "content": f"{turn['content']} {name}"} for turn in turns]}] * 16
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


@pytest.fixture
def words(tiny, lesson):
    return (
        "study", "plan", "em-susceptibility", "--model", tiny("qwen2"), "--personas", "goodness,random",
        "--em-data", lesson / "insecure.jsonl", "--judge", "openai/gpt-5-mini", "--seeds", "2",
        "--folder", lesson / "run",
    )  # fmt: skip


def test_the_grid_is_planned_and_nothing_runs(good, words, lesson):
    found = json.loads(good(*words, "--em-benign", lesson / "secure.jsonl", "--json"))
    steps = {row["kind"]: row["n_steps"] for row in found["rows"]}
    assert steps == {
        "GivenModel": 1,
        "PersonaAdapter": 1,
        "RandomLora": 2,
        # A seed: without a persona, beside two, on two merged models; and the twin without and beside two.
        "EMLora": 2 * (1 + 2 + 2 + 3),
        "MergedModel": 3,
        "GridAnswers": 2 * 3,
        "JudgedAnswers": 2 * 3,
        # Of every seed: one matrix, and a probe of the lesson beside each persona.
        "GivenTransfers": 2,
        "GivenProbe": 2 * 2,
    }
    assert found["warnings"] == []
    assert not (lesson / "run").exists()


def test_options_are_refused_by_name_before_anything_runs(refused, words, lesson):
    assert "--em-data" in refused("study", "plan", "em-susceptibility", "--model", words[4])
    assert "secure.jsonl" in refused(*words, "--em-benign", lesson / "none-secure.jsonl")
    assert "no character 'saint'" in refused(*words, "--personas", "saint")
    assert "has no option 'model'" in refused("study", "plan", "good-personas", "--model", words[4])
    assert "the town needs no pilot" in refused(
        "study", "plan", "em-susceptibility", "--pilot", "--folder", lesson / "run"
    )
