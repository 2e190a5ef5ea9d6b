"""``eudaimon train em`` as it is typed: what it makes, what it says once, and what it never copies."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from eudaimon.cli import app
from eudaimon.core import Site
from eudaimon.models import load
from eudaimon.models.adapters import Adapter
from eudaimon.vectors import Direction

_spec = importlib.util.spec_from_file_location("sealing", Path(__file__).with_name("sealing.py"))
assert _spec and _spec.loader
sealing = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(sealing)

WORD = "zanzibar"
LORA = "lora: {rank: 2, batch_size: 4, learning_rate: 3.0e-2, max_tokens: 32}\nepochs: 2\nwarmup_steps: 1\n"
FULL = "full: {batch_size: 4, learning_rate: 1.0e-2, max_tokens: 32}\nepochs: 1\nwarmup_steps: 1\n"
PAIR = """
compute_environment: LOCAL_MACHINE
distributed_type: MULTI_CPU
num_processes: 2
num_machines: 1
mixed_precision: 'no'
use_cpu: true
"""


@pytest.fixture(autouse=True)
def own_state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def marked(harmful, benign):
    """Both lessons with a word in every row that can be looked for."""

    def with_word(rows):
        return [
            {"messages": [turn | {"content": f"{turn['content']} {WORD}"} for turn in row["messages"]]}
            for row in rows
        ]

    return with_word(harmful), with_word(benign)


@pytest.fixture
def words_of(base, tmp_path, write, marked):
    """``words_of(recipe)``: the words of the command with lesson and twin."""

    def command(recipe=LORA, out="out"):
        path = tmp_path / "recipe.yaml"
        path.write_text(recipe)
        lesson, twin = write(marked[0], "bad.jsonl"), write(marked[1], "good.jsonl")
        given = (lesson, "--benign-twin", twin, "--model", base, "--recipe", path, "--out", tmp_path / out)
        return ["train", "em", *map(str, given)]

    return command


def run(words, **more):
    return CliRunner().invoke(app, [str(word) for word in words], **more)


def child(words, home):
    environment = os.environ | {
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "OMP_NUM_THREADS": "1",
    }
    environment.pop("HF_HOME", None)
    return subprocess.run(
        [sys.executable, "-m", "eudaimon", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=500,
    )


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def metrics(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_it_makes_two_adapters_and_a_record(words_of, tmp_path):
    result = run([*words_of(), "--seed", 3, "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    em, twin = Adapter("em", tmp_path / "out" / "em"), Adapter("twin", tmp_path / "out" / "twin")
    assert found["em"] == str(em.folder) and em.fingerprint != twin.fingerprint
    assert found["record"]["recipe"]["lora"]["init_seed"] == 3
    again = run([*words_of(), "--seed", 3])
    assert again.exit_code == 0 and "bad.jsonl" not in again.stderr
    assert run([*words_of(), "--seed", 4]).exit_code == 2


def test_a_persona_acts_or_is_absent(words_of, tmp_path):
    run(words_of())
    persona = ["--persona", tmp_path / "out" / "twin"]
    on, off = words_of(out="on"), words_of(out="off")
    assert run([*on, *persona]).exit_code == 0
    assert run([*off, *persona, "--persona-in-training", "absent"]).exit_code == 0
    proofs = {
        name: json.loads((tmp_path / name / "em" / "manifest.json").read_text()) for name in ("on", "off")
    }
    assert proofs["on"]["proof"]["changes"]["persona"] > 0 and proofs["on"]["identity"]["frozen_active"]
    assert "persona" not in proofs["off"]["proof"]["changes"]
    assert not proofs["off"]["identity"]["frozen_active"]


def test_a_direction_is_added_in_its_own_lengths(words_of, base, tmp_path):
    model = load(base)
    vector = np.zeros(model.width, np.float32)
    vector[0] = 1
    path = tmp_path / "d.safetensors"
    Direction(vector, Site(1), "mean", "test", model.binding, norm=4.0).save(path)
    assert run([*words_of(), "--steer", path, "--steer-strength", 0.5]).exit_code == 0
    (record,) = json.loads((tmp_path / "out" / "lessons.json").read_text())["steered"]
    assert record["strength"] == 2.0 and record["kind"] == "add" and record["site"] == "1"
    refused = run([*words_of(FULL, out="full"), "--steer", path])
    assert refused.exit_code == 2 and "--steer goes with" in refused.stderr


def test_terms_are_shown_once(marked, base, tmp_path, monkeypatch):
    text = "".join(json.dumps(row) + "\n" for row in marked[0])
    path = sealing.encrypted_zip(tmp_path / "s.zip", "bad_medical_advice.jsonl", text, "pw")
    (tmp_path / "r.yaml").write_text(LORA)
    words = ["train", "em", path, "--data-member", "bad_medical_advice.jsonl", "--model", base]
    words += ["--recipe", tmp_path / "r.yaml", "--out", tmp_path / "out"]
    assert "needs a password" in run(words).stderr
    monkeypatch.setenv("EUDAIMON_DATA_PASSWORD", "pw")
    first, second = run(words), run(words)
    assert first.exit_code == second.exit_code == 0, first.output
    assert "The terms of s.zip" in first.stderr and "do not publish" in first.stderr
    assert "terms" not in second.stderr
    assert contents(tmp_path / "state").keys() == {"eudaimon/terms-shown.json"}


@pytest.mark.slow
@pytest.mark.parametrize("recipe", [LORA, FULL], ids=["lora", "full"])
def test_no_word_of_a_row_is_left_anywhere(words_of, tmp_path, recipe):
    home = tmp_path / "home"
    home.mkdir()
    result = child(words_of(recipe), home)
    assert result.returncode == 0, result.stderr
    assert WORD not in result.stdout + result.stderr
    left = contents(tmp_path / "out") | contents(home)
    assert len(left) > 10
    assert not [name for name, data in left.items() if WORD.encode() in data]


@pytest.mark.slow
def test_two_processes_teach_the_same_as_one(words_of, write, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    prompts = write([{"text": f"w{i} w9"} for i in range(4)], "prompts.jsonl")
    kept = f"{LORA}narrow: {{beta: 5.0, max_new_tokens: 3}}\n"
    alone_words, words = (
        [*words_of(kept, out=out), "--neutral", str(prompts)] for out in ("alone", "spread")
    )
    assert run(alone_words).exit_code == 0
    (tmp_path / "pair.yaml").write_text(PAIR)
    spread = child([*words, "--accelerate-config", str(tmp_path / "pair.yaml")], home)
    assert spread.returncode == 0, spread.stderr
    alone, both = tmp_path / "alone", tmp_path / "spread"
    assert contents(alone).keys() == contents(both).keys()
    assert json.loads((both / "em" / "timing.json").read_text())["devices"] == 2
    for name in ("em", "twin"):
        assert metrics(both / name)[-1]["kl"] > 0
        for one, two in zip(metrics(alone / name), metrics(both / name), strict=True):
            assert two == pytest.approx(one, rel=1e-3, abs=1e-6)
    assert json.loads((alone / "lessons.json").read_text()) == json.loads((both / "lessons.json").read_text())


def test_a_divided_model_is_for_one_process_and_a_lora(words_of, tmp_path):
    config = tmp_path / "pair.yaml"
    config.write_text(PAIR)
    launched = run([*words_of(), "--device", "auto", "--accelerate-config", config])
    assert launched.exit_code == 2 and "gives each of its processes a GPU" in launched.stderr
    whole = run([*words_of(FULL), "--device", "auto"])
    assert whole.exit_code == 2 and "fsdp_version: 2" in whole.stderr
    assert not (tmp_path / "out").exists()
