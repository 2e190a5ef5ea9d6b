from __future__ import annotations

import gzip
import json

import pytest

from eudaimon.core.errors import UsageError
from eudaimon.curate import Fields, Reading, read_scores, score_corpus
from eudaimon.curate.run.folder import ScoreFolder
from eudaimon.curate.run.manifest import repeated_ids
from eudaimon.jobs.lock import Held, locked


def test_workers_do_not_change_a_byte(score, contents, tmp_path):
    one = score(workers=1, out="one")
    two = score(workers=2, out="two")
    here = score(out="here")
    assert one.ok and len(one.computed) > 6 and not one.found
    assert contents(tmp_path / "one") == contents(tmp_path / "two") == contents(tmp_path / "here")
    assert one.manifest == two.manifest == here.manifest
    assert score(workers=2, out="two").found == one.computed


def test_what_is_counted(score):
    manifest = score().manifest
    assert manifest["documents"] == 77 and manifest["errors"] == 0
    assert manifest["quarantined"] == 3 and manifest["quarantine"] == {"encoding": 1, "syntax": 1, "text": 1}
    assert sum(shard["documents"] for shard in manifest["shards"]) == 77
    repeated = manifest["repeated_ids"]
    assert (repeated["ids"], repeated["documents"]) == (2, 4)
    assert {each["id"] for each in repeated["examples"]} == {"d3", "d4"}
    assert all(sum(each["shards"].values()) == 2 for each in repeated["examples"])


def test_scores_are_those_of_the_documents_in_order(score, tmp_path):
    score()
    folder = ScoreFolder(tmp_path / "scores")
    found = [each.id for _, path in folder.scored() for each in read_scores(path)]
    assert found == [f"d{k}" for k in (*range(75), 3, 4)]
    rows = [
        json.loads(line)
        for shard in folder.plan.shards
        for line in (folder.shard(shard.id) / "quarantine.jsonl").read_text().splitlines()
    ]
    assert len(rows) == 3 and all(row["file"].endswith("a.jsonl") and row["offset"] > 0 for row in rows)


def test_ids_are_compared_in_passes(score, tmp_path):
    score()
    folder = ScoreFolder(tmp_path / "scores")
    assert repeated_ids(folder, 77, at_once=7) == repeated_ids(folder, 77)


def test_costs_are_those_of_each_shard(score, tmp_path):
    score()
    record = json.loads((tmp_path / "scores" / "run.json").read_text())
    assert record["stages"][0]["documents"] == 77 and record["stages"][0]["changed"] > 20


@pytest.mark.parametrize(
    "change",
    [{"scorer": "other"}, {"fields": Fields(source="year")}, {"reading": Reading(errors="replace")}],
    ids=["model", "fields", "reading"],
)
def test_a_changed_setting_reuses_nothing(score, contents, change, tmp_path):
    before = score()
    again = score(**change)
    assert again.found == () and len(again.computed) == len(before.computed)
    score(out="fresh", **change)
    assert contents(tmp_path / "scores") == contents(tmp_path / "fresh")


def test_only_the_shards_of_a_changed_file_are_scored_again(score, corpus, contents, tmp_path):
    score()
    text = (corpus / "b.jsonl.gz").read_bytes()
    (corpus / "b.jsonl.gz").unlink()
    (corpus / "b.jsonl").write_bytes(gzip.decompress(text).replace(b"milk", b"silk"))
    again = score()
    files = {shard["id"]: shard["file"] for shard in again.manifest["shards"]}
    assert {files[key] for key in again.computed} == {"b.jsonl"} and again.found


@pytest.mark.parametrize("name", ["scores.parquet", "quarantine.jsonl", "ids.bin", "done.json"])
@pytest.mark.parametrize("how", ["cut", "changed", "gone"])
def test_damage_is_found_and_mended(score, contents, name, how, tmp_path):
    first = score()
    whole = contents(tmp_path / "scores")
    path = next(p for p in sorted((tmp_path / "scores" / "shards").glob(f"*/{name}")) if p.stat().st_size)
    data = path.read_bytes()
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(data[: len(data) // 2] if how == "cut" else bytes([data[0] ^ 1]) + data[1:])
    if name == "scores.parquet":
        with pytest.raises(UsageError, match="curate score"):
            list(ScoreFolder(tmp_path / "scores").scored())
    again = score()
    assert again.computed == (path.parent.name,) and len(again.found) == len(first.computed) - 1
    assert contents(tmp_path / "scores") == whole


def test_a_scorer_that_lies_is_found_out(score, tmp_path):
    done = score("lazy")
    assert not done.ok and not done.manifest and len(done.failed) > 6
    assert all("one row for each document" in why for why in done.failed.values())
    with pytest.raises(UsageError, match="0 of"):
        ScoreFolder(tmp_path / "scores").manifest()
    assert score("words").ok


def test_a_worker_with_another_model_scores_nothing(score):
    done = score("changing", workers=1)
    assert all("the same model for all workers" in why for why in done.failed.values())


def test_a_worker_that_is_killed_is_replaced(score, contents, monkeypatch, tmp_path):
    monkeypatch.setenv("EUDAIMON_TEST_MARKER", str(tmp_path / "marker"))
    assert score("dying", workers=2).ok and (tmp_path / "marker").exists()
    score(out="calm")
    assert contents(tmp_path / "scores") == contents(tmp_path / "calm")


def test_two_runs_of_one_folder(score, tmp_path):
    lock = tmp_path / "scores" / "locks" / "run.lock"
    with locked(lock, wait=True), pytest.raises(Held):
        score(wait=False)


def test_what_is_refused(score, corpus, tmp_path):
    with pytest.raises(UsageError, match="at least one"):
        score(workers=0)
    with pytest.raises(UsageError, match="no_such_module"):
        score_corpus(corpus, tmp_path / "x", "no_such_module:words")
    with pytest.raises(UsageError, match="local or slurm"):
        score(engine="cloud")
