"""From files to a masked corpus by the commands, on the town's own labels."""

from __future__ import annotations

import json

import pytest


@pytest.fixture(scope="module")
def scored(tmp_path_factory, good):
    """A folder of scores of three files, and the folder that it is in."""
    folder = tmp_path_factory.mktemp("curate")
    for k in range(3):
        rows = [
            {"id": f"{k}-{n}", "text": f"Human: How?\n\nAssistant: Do {'rob' if n % 3 else 'help'} him {n}."}
            for n in range(20)
        ]
        (folder / f"{k}.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n{broken\n")
    words = ("curate", "score", folder / "?.jsonl", "--out", folder / "scores", "--workers", 1)
    told = json.loads(good(*words, "--scorer", "tiny_cli_scorer:words", "--json"))
    assert told["manifest"]["documents"] == 60 and told["manifest"]["quarantined"] == 3
    return folder


def test_from_scores_to_text_and_back(scored, good, refused):
    from eudaimon.train import read_texts

    decided = json.loads(good("curate", "decide", scored / "scores", "--out", scored / "decisions", "--json"))
    assert decided["outcome"] == {"keep": 60} and decided["untouched"] == 21
    applied = json.loads(
        good("curate", "apply", scored / "decisions", "--out", scored / "out", "--workers", 1, "--json")
    )
    assert applied["documents"] == applied["kept"] == 60 and applied["masked_characters"] > 300
    texts = list(read_texts(scored / "out" / "kept"))
    assert len(texts) == 60 and sum(bool(text.no_loss) for text in texts) == 39
    restored = json.loads(good("curate", "restore", scored / "out", "--json"))
    assert restored["documents"] == 60
    controls = json.loads(
        good("curate", "controls", scored / "out", "--out", scored / "controls", "--seed", 1, "--json")
    )
    assert controls["masked"]["drawn"].keys() == {"0", "1", "2"} and controls["backfill"] is None
    assert "60 documents" in good("curate", "restore", scored / "controls" / "removal")
    assert "not by strict" in refused(
        "curate", "apply", scored / "decisions", "--policy", "strict", "--out", scored / "other"
    )


def test_people_are_told_the_same(scored, good):
    again = ("curate", "score", scored / "?.jsonl", "--out", scored / "scores", "--workers", 1)
    said = good(*again, "--scorer", "tiny_cli_scorer:words")
    assert "0 shards scored" in said and "3 records set aside: syntax 3" in said
    said = good("curate", "decide", scored / "scores", "--policy", "strict", "--out", scored / "d2")
    assert "60 documents decided by strict" in said
    said = good(
        "curate", "apply", scored / "scores", "--policy", "strict", "--out", scored / "o2", "--workers", 1
    )
    assert "masked characters" in said and "all" in said


def test_why_and_diff(scored, good, refused):
    said = good("curate", "why", "1-4", "--scores", scored / "scores")
    assert "document 1-4: keep (a bad persona speaks)" in said and "Do rob him 4." in said
    (explained,) = json.loads(good("curate", "why", "1-4", "--scores", scored / "scores", "--json"))
    assert explained["decision"]["spans"][0]["action"] == "mask"
    assert "'9-9'" in refused("curate", "why", "9-9", "--scores", scored / "scores")
    words = ("curate", "diff", "prosocial", "no-advocacy", "--scores", scored / "scores", "--examples", 2)
    told = json.loads(good(*words, "--json"))
    assert told["changed_documents"] == 39 and len(told["examples"]) == 2
    assert {"before": "mask", "after": "keep", "n": told["changed_tokens"]} in told["tokens"]
    assert "39 of 60 documents" in good(*words)


def test_mistakes_say_what_to_type(scored, refused, tmp_path):
    path = scored / "0.jsonl"
    assert "curate score FILES" in refused("curate", "decide", tmp_path)
    assert "curate apply" in refused("curate", "restore", tmp_path)
    assert "one of" in refused("curate", "score", path, "--out", tmp_path / "x", "--scorer", "nobody")
    assert "no such file" in refused("curate", "score", tmp_path / "none.jsonl", "--scorer", "labels")
    assert "prosocial" in refused("curate", "decide", scored / "scores", "--policy", "kindness")
    wrong = ("curate", "apply", scored / "scores", "--out", tmp_path / "o", "--format", "csv")
    assert "--format parquet" in refused(*wrong)
    there = ("--out", tmp_path / "s", "--scorer", "labels", "--slurm", "partition")
    assert "KEY=VALUE" in refused("curate", "score", path, *there)


def test_a_shard_that_failed_exits_1(scored, call, tmp_path):
    words = ("curate", "score", scored / "0.jsonl", "--out", tmp_path / "s", "--workers", 1)
    result = call(*words, "--scorer", "tiny_cli_scorer:lazy")
    assert result.code == 1 and "one row for each document" in result.err and "1 failed" in result.out
