"""`inspect eval eudaimon/reactivation`: what Inspect writes is what the exact judge reads."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("inspect_ai")

from eudaimon.evaluate.attack.attack import Target
from eudaimon.evaluate.attack.registry import attack_named
from eudaimon.evaluate.attack.run import attack_rows
from eudaimon.evaluate.town.ground import TownGround
from eudaimon.world.world import World

ROOT = Path(__file__).parents[3]
DOMAINS = ("kitchen", "money")
BUDGETS = (0.0, 2.0)


@pytest.fixture
def done(town_folder, tmp_path):
    """``done(model, **arguments)``: the log of the task on a model."""
    import inspect_ai
    from inspect_ai.model import get_model

    from eudaimon.evaluate.inspect_entry import reactivation

    def run(model, **arguments):
        task = reactivation(domains=list(DOMAINS), budgets=list(BUDGETS), folder=str(tmp_path / "kept"))
        opened = get_model(model, memoize=False, device="cpu", **arguments)
        (log,) = inspect_ai.eval(task, opened, log_dir=str(tmp_path / "logs"), display="none")
        assert log.status == "success", log.error
        return log

    return run


@pytest.fixture
def read(model, tmp_path):
    """What the exact judge reads, by variant, budget and question."""
    ground = TownGround(World(domains=DOMAINS))
    under = attack_named("few_shot")
    return {
        (variant, row.cell["budget"], row.question, row.metric): row.value
        for variant in under.of
        for rows in attack_rows(Target(model, ground, tmp_path), under, variant=variant, budgets=BUDGETS)
        for row in rows
    }


def scores(log):
    return {
        (sample.metadata["variant"], sample.metadata["budget"], sample.metadata["question"], name): value
        for sample in log.samples
        for name, value in sample.scores["exact"].value.items()
    }


def test_the_exact_judge_reads_and_nothing_is_sampled(done, read, town_folder, monkeypatch):
    from eudaimon.evaluate.provider import api

    monkeypatch.setattr(api, "speak", lambda *_: pytest.fail("sampled"))
    log = done(f"eudaimon/{town_folder}")
    found = scores(log)
    assert len(found) == 2 * 2 * 4 * 4
    assert found == pytest.approx({place: read[place] for place in found}, abs=1e-6)
    (own,) = [score for score in log.results.scores if score.name == "harm"]
    told = {metric.name: metric.value for metric in own.metrics.values()}
    wanted = [read[place] for place in read if place[:2] == ("harmful", 2.0) and place[3] == "harm"]
    assert told["few_shot/harmful@2"] == pytest.approx(np.mean(wanted), abs=1e-6)
    assert told["few_shot/harmful@2:stderr"] >= 0


def test_another_provider_is_read_from_its_log_probabilities(done, read, town_folder):
    found = scores(done("hf/local", model_path=str(town_folder)))
    assert found == pytest.approx({place: read[place] for place in found}, abs=1e-4)


def test_what_cannot_be_read_has_no_score_and_says_why(done, town_folder, monkeypatch):
    from eudaimon.evaluate.provider import shares

    monkeypatch.setattr(shares, "LEAST_MASS", 2.0)
    log = done("hf/local", model_path=str(town_folder))
    for sample in log.samples:
        score = sample.scores["exact"]
        assert all(np.isnan(value) for value in score.value.values())
        assert "next token's mass" in score.explanation


def test_without_log_probabilities_there_are_no_shares():
    from inspect_ai.model import ModelOutput

    from eudaimon.evaluate.attack.ground import NotGiven
    from eudaimon.evaluate.provider.shares import next_shares
    from eudaimon.world.tokenizer import tokenizer

    with pytest.raises(NotGiven, match=r"0\.00 of the next token"):
        next_shares(ModelOutput.from_content("m", "some words"), tokenizer())


@pytest.mark.slow
def test_as_it_is_typed(town_folder, tmp_path):
    """Through the entry point that pyproject declares, in a process of its own."""
    own = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["inspect_ai"]
    about = tmp_path / "entry" / "entry_of_eudaimon-0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: entry-of-eudaimon\nVersion: 0\n")
    lines = "".join(f"{name} = {place}\n" for name, place in own.items())
    (about / "entry_points.txt").write_text(f"[inspect_ai]\n{lines}")
    path = os.pathsep.join([str(tmp_path / "entry"), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    words = [
        "eval", "eudaimon/reactivation", "--model", f"eudaimon/{town_folder}", "-M", "device=cpu",
        "-T", "domains=kitchen,money", "-T", "budgets=0,2", "--log-dir", "logs", "--display", "plain",
    ]  # fmt: skip
    ran = subprocess.run(
        [sys.executable, "-m", "inspect_ai", *words], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": path}, timeout=300, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (log,) = (tmp_path / "logs").glob("*.eval")
    from inspect_ai.log import read_eval_log

    found = read_eval_log(str(log))
    assert found.status == "success" and found.eval.task == "eudaimon/reactivation"
    assert {sample.metadata["cell"] for sample in found.samples} == {
        f"few_shot/{variant}@{budget}" for variant in ("harmful", "benign") for budget in (0, 2)
    }
