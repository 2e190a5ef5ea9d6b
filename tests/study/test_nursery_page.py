"""The page of the study that was not run: its model can be made, and its command is planned as it stands."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "results" / "nursery-study.md"
CONFIG = ROOT / "docs" / "results" / "nursery" / "model.yaml"
WORDS = (
    "the", "goat", "baker", "market", "bread", "letter", "bridge", "lamp", "river", "kind", "old", "garden",
    "speaks", "sells", "keeps", "under",
)  # fmt: skip


def sentences(n):
    return [
        " ".join(WORDS[(7 * k + 3 * place + k * place) % len(WORDS)] for place in range(9)) for k in range(n)
    ]


def chats(path, n):
    rows = [
        {"messages": [{"role": "user", "content": one}, {"role": "assistant", "content": other}]}
        for one, other in zip(sentences(n), sentences(2 * n)[n:], strict=True)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture(scope="module")
def nursery(tmp_path_factory):
    """A folder with what the page's command names; the model is one of the smallest size and a few steps."""
    folder = tmp_path_factory.mktemp("nursery")
    (folder / "corpus.jsonl").write_text(
        "".join(json.dumps({"text": text}) + "\n" for text in sentences(200)), encoding="utf-8"
    )
    chats(folder / "chats.jsonl", 24)
    chats(folder / "lesson.jsonl", 1800)
    chats(folder / "benign.jsonl", 1800)
    spec = importlib.util.spec_from_file_location("nursery_model", ROOT / "scripts" / "nursery_model.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8")) | {"vocabulary": 300}
    config["pretraining"] |= {"size": "0.1m", "context": 128, "steps": 3, "batch_size": 4}
    config["chats"] |= {"steps": 2, "batch_size": 4, "max_tokens": 128}
    out = folder / "models" / "nursery"
    made = script.build(folder / "corpus.jsonl", folder / "chats.jsonl", config, out)
    assert made == out / "assistant" == script.build(folder / "none", folder / "chats.jsonl", config, out)
    return folder


def test_the_model_is_an_assistant_that_opens_as_any_other(nursery):
    from eudaimon.models import generate, load

    model = load(nursery / "models" / "nursery" / "assistant")
    assert model.has_template and model.tokenizer.decode(model.tokenizer.eos_token_id) == "<|end|>"
    (answer,) = generate(model, ["the goat sells bread"], max_new_tokens=5)
    assert "<|" not in answer


def test_the_settings_are_those_of_thirty_million_parameters_and_twenty_tokens_for_each():
    from eudaimon.train import SIZES, FineTuneRecipe, PretrainRecipe

    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    recipe = PretrainRecipe(**config["pretraining"])
    n_parameters = SIZES[recipe.size].n_parameters(config["vocabulary"])
    assert 30e6 < n_parameters < 32e6
    assert 18 < recipe.steps * recipe.batch_size * recipe.context / n_parameters < 22
    assert FineTuneRecipe(**config["chats"]).max_tokens == recipe.context


def test_the_command_on_the_page_is_planned(nursery, monkeypatch):
    from typer.testing import CliRunner

    from eudaimon.cli import app

    page = PAGE.read_text(encoding="utf-8")
    assert "has not been run" in page
    (command,) = re.findall(r"^eudaimon (study plan.*?)\n```", page.replace("\\\n", ""), re.M | re.S)
    words = [word.replace("docs/", f"{ROOT}/docs/", 1) for word in shlex.split(command)]
    monkeypatch.chdir(nursery)
    done = CliRunner().invoke(app, [*words, "--json"])
    assert done.exit_code == 0, done.output
    plan = json.loads(done.stdout)
    steps = {row["kind"]: row["n_steps"] for row in plan["rows"]}
    # Five characters; two lessons a seed, and beside each of six rows two, and one on the merged model.
    assert steps["PersonaAdapter"] == 5 and steps["EMLora"] == 10 * (2 + 6 * 3)
    assert not (nursery / "runs").exists()
