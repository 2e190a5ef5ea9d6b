"""``monitor evaluate``, ``stress``, ``explain``, ``bench`` and ``monitor quickstart``."""

from __future__ import annotations

import csv
import json

import pytest

QUICK = ("--no-stress", "--no-audit", "--no-study", "--resamples", 20)


@pytest.fixture(scope="module")
def full(monitor, split, good, tmp_path_factory):
    """A whole evaluation of a tiny model, with another monitor as second stage: its folder and its JSON."""
    folder = tmp_path_factory.mktemp("evaluation")
    cascade = ("--cascade-monitor", monitor("llama"), "--cascade-budget", 0.25)
    words = ("--resamples", 20, *cascade, "--leave-one-source-out", "--out", folder, "--json")
    return folder, json.loads(good("monitor", "evaluate", "--monitor", monitor("gpt2"), *split, *words))


def test_everything_is_written(full):
    folder, printed = full
    record = json.loads((folder / "evaluation.json").read_text())
    assert record["conclusion"] == printed["conclusion"]
    assert printed["report"] == str(folder.resolve() / "report.html")
    assert "<html" in (folder / "report.html").read_text()
    assert len(list((folder / "figures").glob("*.svg"))) >= 3 and list((folder / "data").glob("*.csv"))
    assert record["stress"] and record["audit"] and record["tone_content"]


def test_the_run_can_be_told_from_its_record(full):
    run = json.loads((full[0] / "evaluation.json").read_text())["run"]
    assert run["command"].startswith("eudaimon") and run["seconds"] > 0 and run["machine"]
    assert {"eudaimon", "python", "torch", "transformers"} <= run["versions"].keys()
    uses = {(use["source"], use["split"]): use for use in run["data"]}
    assert {("kitchen", "train"), ("garden", "calibration"), ("market", "test")} <= uses.keys()
    market = uses["market", "test"]
    assert (market["n_safe"], market["n_harmful"], market["licence"]) == (10, 10, "MIT")
    assert len(market["sha256"]) == 64 and run["seeds"] == {"fit": 0, "evaluation": 0}


def test_the_cascade_keeps_its_budget(full):
    cascade = full[1]["cascade"]
    assert cascade["budget_share"] == 0.25 and cascade["escalated_share"]["value"] <= 0.25


def test_every_source_was_held_out(full):
    folder, printed = full
    folds = printed["leave_one_source_out"]["folds"]
    assert [fold["source"] for fold in folds] == ["garden", "kitchen", "market"]
    assert all(fold["auroc"] or fold["why_not"] for fold in folds)
    with (folder / "leave_one_source_out.csv").open() as stream:
        assert [row["source"] for row in csv.DictReader(stream)] == ["garden", "kitchen", "market"]


def test_a_table_and_the_paths(monitor, split, good, tmp_path):
    path = monitor("gpt2")
    out = good("monitor", "evaluate", "--monitor", path, *split, *QUICK, "--out", tmp_path)
    assert "Verdict: " in out and "report.html" in out and "AUROC" in out


def test_other_rows_than_those_of_the_fit_are_refused(monitor, data, refused, tmp_path):
    path = monitor("gpt2")
    swapped = ("--train-source", "garden", "--calibration-source", "kitchen", "--test-source", "market")
    message = refused("monitor", "evaluate", "--monitor", path, "--data", data, *swapped, "--out", tmp_path)
    assert "fitted on other train rows" in message


def test_mistakes_of_a_cascade_are_told_before_the_work(monitor, split, refused, monkeypatch):
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    base = ("monitor", "evaluate", "--monitor", monitor("gpt2"), *split)
    url = ("--cascade-url", "http://localhost:1/v1")
    assert "--cascade-model" in refused(*base, *url)
    said = refused(*base, *url, "--cascade-model", "judge", "--cascade-key-env", "NO_SUCH_KEY")
    assert "NO_SUCH_KEY" in said
    assert "two second stages" in refused(*base, *url, "--cascade-monitor", monitor("gpt2"))


def test_stress_names_the_worst_attack(monitor, split, good, refused):
    base = ("monitor", "stress", "--monitor", monitor("gpt2"), *split, "--rows", 5)
    found = json.loads(good(*base, "--attack", "base64,typos", "--json"))
    assert [row["attack"] for row in found["attacks"]] == ["none", "base64", "typos"]
    assert found["worst"] in ("base64", "typos")
    assert "Worst: " in good(*base, "--attack", "base64")
    assert "magic" in refused(*base, "--attack", "magic")


def test_explain_names_tokens_and_neighbours(monitor, texts, good, refused):
    base = ("monitor", "explain", "--monitor", monitor("gpt2"))
    found = json.loads(good(*base, texts[0], "--neighbours", 2, "--json"))
    assert "".join(token["text"].strip() for token in found["tokens"]) == texts[0].replace(" ", "")
    assert len(found["nearest_safe"]) == len(found["nearest_harmful"]) == 2
    assert "Nearest training examples" in good(*base, texts[0])
    assert "nothing to explain" in refused(*base, " ")


def test_bench_measures_each_batch(monitor, good, refused):
    base = ("monitor", "bench", "--monitor", monitor("gpt2"), "--rounds", 1)
    found = json.loads(good(*base, "--tokens", 8, "--batches", "1,2", "--json"))
    assert [(row["batch"], row["n_tokens"]) for row in found["rows"]] == [(1, 8), (2, 8)]
    assert "tokens do not fit" in refused(*base, "--tokens", 100000)
    assert "--batches" in refused(*base, "--batches", "one")


@pytest.fixture(scope="module")
def quickstart(tiny, split, good, tmp_path_factory):
    folder = tmp_path_factory.mktemp("quickstart")

    def run(*words):
        quick = ("--target-fpr", 0.1, "--resamples", 20)
        base = ("monitor", "quickstart", "--model", tiny("bert"), *split, *quick)
        return folder, good(*base, "--out", folder, *words)

    return run


def test_quickstart_takes_up_where_it_was(quickstart):
    folder, out = quickstart()
    assert "Verdict: " in out and str(folder.resolve() / "report.html") in out
    page = (folder / "report.html").read_bytes()
    _, again = quickstart("--json")
    assert json.loads(again)["skipped"] == ["fit", "evaluate", "report"]
    (folder / "report.html").unlink()
    _, again = quickstart("--json")
    assert json.loads(again)["skipped"] == ["fit", "evaluate"]
    assert (folder / "report.html").read_bytes() == page
    monitor = (folder / "monitor.safetensors").read_bytes()
    _, fresh = quickstart("--json", "--fresh")
    assert json.loads(fresh)["skipped"] == []
    assert (folder / "monitor.safetensors").read_bytes() == monitor
