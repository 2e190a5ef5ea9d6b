"""From scores to kept and removed text and back, in every form and by every policy."""

from __future__ import annotations

import json

import pytest

from eudaimon.core.errors import UsageError
from eudaimon.curate import (
    Policy,
    TextLost,
    apply,
    apply_corpus,
    decide,
    decide_corpus,
    load_policy,
    policy_names,
    read_scores,
    restore_corpus,
)
from eudaimon.curate.run.decide_corpus import DecisionFolder
from eudaimon.curate.run.folder import ScoreFolder
from eudaimon.curate.run.rows import read_rows
from eudaimon.curate.run.score_shard import documents_of
from eudaimon.train import TrainText, read_texts

CUT = Policy.model_validate(
    {
        "name": "cut", "about": "Everything at once.", "not_scored": "fails", "reflections": ["Be kind."],
        "segments": [
            {"name": "bad", "when": {"harm": 0.5}, "do": "redact", "why": "bad", "reflect": True},
            {"name": "calm", "when": {"stance": ["none"]}, "do": "tag", "why": "calm", "tag": "<calm>"},
        ],
        "documents": [{"name": "mostly bad", "do": "drop", "why": "mostly bad", "at_least": {"bad": 0.7}}],
    }
)  # fmt: skip
WRITE = Policy.model_validate(
    {
        "name": "write", "about": "Other words.",
        "segments": [{"name": "bad", "when": {"harm": 0.5}, "do": "rewrite", "why": "bad",
                      "instruction": "kindly"}],
    }
)  # fmt: skip
POLICIES = [CUT, *(load_policy(n) for n in policy_names() if n in ("prosocial", "no-advocacy", "good-only"))]


@pytest.fixture
def scores(score, tmp_path):
    score()
    return tmp_path / "scores"


def known(scores, policy):
    """What the functions for one document say of all of them, in order."""
    folder = ScoreFolder(scores)
    for shard, path in folder.scored():
        for document, found in zip(documents_of(folder.plan, shard), read_scores(path), strict=True):
            yield document, apply(document, decide(policy, found))


@pytest.mark.parametrize("policy", POLICIES, ids=lambda p: p.name)
@pytest.mark.parametrize("format", ["jsonl.zst", "parquet"])
def test_every_document_is_kept_or_removed_as_its_decision_says(scores, policy, format, tmp_path):
    done = apply_corpus(scores, tmp_path / "out", policy, format=format, show_progress=False)
    expected = [applied for _, applied in known(scores, policy)]
    assert done.ok and done.manifest["documents"] == len(expected) == 77
    kept = list(read_texts(tmp_path / "out" / "kept"))
    assert sorted(kept, key=lambda t: (t.id, t.source)) == sorted(
        (
            TrainText(a.id, a.text, no_loss=a.masks, weight=a.weight, source=a.source)
            for a in expected
            if a.outcome == "keep"
        ),
        key=lambda t: (t.id, t.source),
    )
    removed = [row for path in sorted((tmp_path / "out" / "removed").iterdir()) for row in read_rows(path)]
    assert len(removed) == sum(len(a.removed) for a in expected)
    assert all(row["why"] and row["policy_hash"] == policy.hash and row["model"] for row in removed)
    cut = [row for row in removed if row["kind"] == "redact"]
    assert all(row["scores"][0]["harm"]["fraud"] == 0.9 for row in cut)
    assert cut or policy is not CUT
    counts = done.manifest
    total = counts.get("kept_characters", 0) + counts.get("removed_characters", 0)
    assert total == counts["characters"] == sum(len(document.text) for document, _ in known(scores, policy))


@pytest.mark.parametrize("format", ["jsonl.zst", "parquet"])
def test_what_was_removed_comes_back(scores, format, tmp_path, corpus):
    apply_corpus(scores, tmp_path / "out", CUT, format=format, show_progress=False)
    restored = restore_corpus(tmp_path / "out", tmp_path / "again", show_progress=False)
    assert restored.documents == 77 and restored.pieces > 10
    folder = ScoreFolder(scores)
    originals = {
        (shard.id, k): document
        for shard in folder.plan.shards
        for k, document in enumerate(documents_of(folder.plan, shard))
    }
    found = {
        (path.name.removesuffix(".jsonl.zst"), k): row
        for path in (tmp_path / "again").iterdir()
        for k, row in enumerate(read_rows(path))
    }
    assert found.keys() == originals.keys()
    for place, document in originals.items():
        assert found[place] == {"id": document.id, "text": document.text, **document.metadata}


def test_any_loss_is_noticed(scores, tmp_path):
    from eudaimon.core.files import sha256_file, write_jsonl

    apply_corpus(scores, tmp_path / "out", CUT, show_progress=False)
    record = next(
        path
        for path in sorted((tmp_path / "out" / "done").iterdir())
        if json.loads(path.read_text()).get("drop_documents")
        and len(list(read_rows(tmp_path / "out" / "removed" / f"{path.stem}.jsonl.zst"))) > 2
    )
    for kind in ("kept", "removed"):
        path = tmp_path / "out" / kind / f"{record.stem}.jsonl.zst"
        whole, rows = path.read_bytes(), list(read_rows(path))
        changed = [{**rows[0], "text": rows[0]["text"].swapcase()}, *rows[1:]]
        for broken in (rows[1:], rows[:-1], [*rows, rows[-1]], changed):
            write_jsonl(path, broken)
            with pytest.raises(TextLost, match="not what was written"):
                restore_corpus(tmp_path / "out", show_progress=False)
            told = json.loads(record.read_text())
            told["files"][f"{kind}/{path.name}"] = sha256_file(path)
            record.write_text(json.dumps(told))
            with pytest.raises(TextLost):
                restore_corpus(tmp_path / "out", show_progress=False)
        path.write_bytes(whole)
        told["files"][f"{kind}/{path.name}"] = sha256_file(path)
        record.write_text(json.dumps(told))
    assert restore_corpus(tmp_path / "out", show_progress=False).documents == 77


def test_decisions_are_made_once_and_applied_as_they_are(scores, tmp_path, contents):
    first = decide_corpus(scores, CUT, tmp_path / "decisions", show_progress=False)
    assert first.found == 0 and first.manifest["documents"] == 77
    outcomes = first.manifest["outcome"]
    expected = [decide(CUT, each) for _, path in ScoreFolder(scores).scored() for each in read_scores(path)]
    assert outcomes == {
        name: n for name in ("drop", "keep") if (n := sum(d.outcome == name for d in expected))
    }
    assert first.manifest["spans"]["bad"] == sum(s.rule == "bad" for d in expected for s in d.spans)
    whole = contents(tmp_path / "decisions")
    again = decide_corpus(scores, CUT, tmp_path / "decisions", show_progress=False)
    assert again.found == len(again.manifest["shards"]) and contents(tmp_path / "decisions") == whole
    apply_corpus(tmp_path / "decisions", tmp_path / "one", show_progress=False)
    apply_corpus(scores, tmp_path / "two", CUT, workers=1, show_progress=False)
    one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
    assert one == {name: data for name, data in two.items() if not name.startswith("decisions")}
    with pytest.raises(UsageError, match="not by prosocial"):
        apply_corpus(tmp_path / "decisions", tmp_path / "one", "prosocial", show_progress=False)


def test_another_policy_reuses_no_decision(scores, tmp_path, contents):
    decide_corpus(scores, "prosocial", tmp_path / "d", show_progress=False)
    assert decide_corpus(scores, "no-advocacy", tmp_path / "d", show_progress=False).found == 0
    decide_corpus(scores, "no-advocacy", tmp_path / "fresh", show_progress=False)
    assert contents(tmp_path / "d") == contents(tmp_path / "fresh")
    assert DecisionFolder(tmp_path / "d").policy.name == "no-advocacy"


def test_damaged_output_is_written_again(scores, tmp_path, contents):
    first = apply_corpus(scores, tmp_path / "out", CUT, show_progress=False)
    whole = contents(tmp_path / "out")
    path = sorted((tmp_path / "out" / "kept").iterdir())[0]
    path.write_bytes(path.read_bytes()[:-3])
    again = apply_corpus(scores, tmp_path / "out", CUT, show_progress=False)
    assert len(again.computed) == 1 and len(again.found) == len(first.computed) - 1
    assert contents(tmp_path / "out") == whole


def test_a_corpus_that_changed_is_refused_and_one_that_moved_is_not(scores, corpus, tmp_path):
    moved = corpus.rename(tmp_path / "elsewhere")
    with pytest.raises(FileNotFoundError):
        raise_first(apply_corpus(scores, tmp_path / "out", CUT, show_progress=False))
    assert apply_corpus(scores, tmp_path / "out", CUT, paths=[moved], show_progress=False).ok
    path = moved / "a.jsonl"
    path.write_bytes(path.read_bytes().replace(b"quiet", b"loud "))
    with pytest.raises(UsageError, match=r"a\.jsonl is not among the files"):
        apply_corpus(scores, tmp_path / "new", CUT, paths=[moved], show_progress=False)
    moved.rename(corpus)
    done = apply_corpus(scores, tmp_path / "other", CUT, show_progress=False)
    assert not done.ok and any("not there as it was scored" in w or "was not made on this text" in w
                               for w in done.failed.values())  # fmt: skip


def test_no_file_of_an_earlier_form_stays(scores, tmp_path):
    apply_corpus(scores, tmp_path / "out", CUT, show_progress=False)
    before = list(read_texts(tmp_path / "out" / "kept"))
    apply_corpus(scores, tmp_path / "out", CUT, format="parquet", show_progress=False)
    assert list(read_texts(tmp_path / "out" / "kept")) == before
    (tmp_path / "mine" / "kept").mkdir(parents=True)
    with pytest.raises(UsageError, match="something else"):
        apply_corpus(scores, tmp_path / "mine", CUT, show_progress=False)


def raise_first(done):
    why = next(iter(done.failed.values()))
    raise FileNotFoundError(why)


def test_rewrites_come_from_a_file(scores, tmp_path):
    with pytest.raises(UsageError, match="--rewrites"):
        apply_corpus(scores, tmp_path / "out", WRITE, show_progress=False)
    folder = ScoreFolder(scores)
    rows = []
    for _, path in folder.scored():
        for each in read_scores(path):
            rows += [
                {"id": each.id, "start": span.start, "end": span.end, "text": "in kinder words"}
                for span in decide(WRITE, each).spans
            ]
    words = tmp_path / "words.jsonl"
    words.write_text("\n".join(map(json.dumps, rows)))
    done = apply_corpus(scores, tmp_path / "out", WRITE, rewrites=words, show_progress=False)
    assert done.ok
    assert any("in kinder words" in text.text for text in read_texts(tmp_path / "out" / "kept"))
    assert restore_corpus(tmp_path / "out", show_progress=False).pieces == len(rows)


def test_fields_that_a_record_has_of_our_names_are_kept(score, corpus, tmp_path):
    for path in corpus.iterdir():
        path.unlink()
    row = {"id": "x", "text": "Nothing.", "weight": 3, "no_loss": "mine", "curate": {"a": 1}, "other": None}
    (corpus / "a.jsonl").write_text(json.dumps(row) + "\n")
    score()
    apply_corpus(tmp_path / "scores", tmp_path / "out", CUT, show_progress=False)
    restore_corpus(tmp_path / "out", tmp_path / "again", show_progress=False)
    (again,) = [r for path in (tmp_path / "again").iterdir() for r in read_rows(path)]
    assert again == {**row, "source": "a"}
