"""``eudaimon curate audit`` and ``card`` as they are typed, on a small corpus with a scorer of one word."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from eudaimon.cli import app
from eudaimon.curate.audit.folder import read_findings, read_sample
from eudaimon.curate.audit.ratings import Labels, Rating, add_ratings, read_ratings
from eudaimon.curate.run.score_corpus import score_corpus
from eudaimon.curate.scorer import StageCost
from eudaimon.curate.stages.batch import Batch
from eudaimon.curate.taxonomy import STANCES, SUBJECTS

SAYINGS = (
    "Milk is kept in the cold cellar.",
    "Go and cheat your neighbour of a goat.",
    "We cut the hedge in May.",
)


class OneWord:
    """A scorer that takes every voice with the word cheat for a bad one."""

    hash = "0123456789abcdef"

    def __init__(self):
        self.cost = StageCost("one word")

    def score(self, documents):
        batch = Batch.of(documents)
        spans = batch.spans
        places = zip(spans.document.tolist(), spans.start.tolist(), spans.end.tolist(), strict=True)
        said = np.array(["cheat" in documents[k].text[start:end] for k, start, end in places], dtype=bool)
        n = len(said)
        size = sum(len(document.text) for document in documents)
        self.cost += StageCost("one word", len(documents), n, size, 0.01 * len(documents), int(said.sum()))
        return batch.having(
            {
                "harm_fraud": np.where(said, 0.9, 0.01),
                "severity": np.where(said, 3.0, 0.0),
                "stance": np.where(said, STANCES.index("advocates"), STANCES.index("none")).astype(np.int32),
                "frame": np.full(n, STANCES.index("none"), dtype=np.int32),
                "subject": np.full(n, SUBJECTS.index("human"), dtype=np.int32),
            }
        ).table("one word")

    def costs(self):
        return (self.cost,)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """A corpus of letters and notes, and its scores."""
    folder = tmp_path_factory.mktemp("town")
    rng = np.random.default_rng(0)
    for source in ("letters", "notes"):
        rows = [
            {"id": f"{source}{k}", "text": "\n\n".join(rng.choice(SAYINGS, 3, p=(0.5, 0.1, 0.4)))}
            for k in range(90)
        ]
        (folder / "corpus").mkdir(exist_ok=True)
        (folder / "corpus" / f"{source}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    scored = score_corpus(folder / "corpus", folder / "scores", OneWord(), show_progress=False)
    assert scored.ok
    return folder


def run(*words, **more):
    return CliRunner().invoke(app, ["curate", *map(str, words)], **more)


def test_an_audit_is_drawn_rated_and_told(town, tmp_path):
    out = tmp_path / "audit"
    drawn = run("audit", town / "scores", "--out", out, "--n", 40)
    assert drawn.exit_code == 0, drawn.stderr
    assert "none is rated yet" in drawn.stdout
    sample = read_sample(out)
    assert len(sample.items) == 40
    # A person: two keys, and quits.
    typed = run("audit", town / "scores", "--out", out, "--rater", "ann", input="0bq")
    assert typed.exit_code == 0, typed.stderr
    assert "1 of 40 segments are rated by ann" in typed.stdout
    assert sample.items[0].text in typed.stdout
    assert "How severe is the harm?" in typed.stdout
    # A file: all of it.
    given = tmp_path / "given.jsonl"
    bad = Labels(severity=3, stance="advocates", frame="none", subject="human")
    by_name = {stratum.name: stratum for stratum in sample.plan.strata}
    add_ratings(
        given,
        (
            Rating(
                document=item.document,
                segment=item.segment,
                rater="ben",
                labels=bad if by_name[item.stratum].sort == "removed" else Labels(severity=0),
            )
            for item in sample.items
        ),
    )
    told = run("audit", town / "scores", "--out", out, "--ratings", given, "--json")
    assert told.exit_code == 0, told.stderr
    record = json.loads(told.stdout)
    assert record["n_rated"] == 40
    assert record["precision"]["value"] > 0.9
    assert record["recall"]["value"] == 1.0
    assert record["raters"] == ["ann", "ben"]
    assert read_findings(out).model_dump(mode="json") == record
    assert "over-removal" in run("audit", town / "scores", "--out", out).stdout
    assert len(read_ratings(out / "ratings.jsonl")) == 41


def test_a_sample_of_other_scores_is_not_gone_on_with(town, tmp_path):
    out = tmp_path / "audit"
    assert run("audit", town / "scores", "--out", out, "--n", 20).exit_code == 0
    (town / "other").mkdir()
    text = (town / "corpus" / "notes.jsonl").read_text(encoding="utf-8")
    (town / "other" / "notes.jsonl").write_text(text, encoding="utf-8")
    assert score_corpus(town / "other", tmp_path / "scores", OneWord(), show_progress=False).ok
    again = run("audit", tmp_path / "scores", "--out", out)
    assert again.exit_code == 2
    assert "not the scores from which the sample" in again.stderr


def test_a_card_is_drawn(town, tmp_path):
    result = run("card", town / "scores", "--out", tmp_path / "card", "--title", "the town", "--json")
    assert result.exit_code == 0, result.stderr
    page = (tmp_path / "card" / "card.html").read_text(encoding="utf-8")
    assert json.loads(result.stdout)["path"] == str(tmp_path / "card" / "card.html")
    assert "Data safety card · <bdi>the town</bdi>" in page
    record = json.loads((tmp_path / "card" / "card.json").read_text(encoding="utf-8"))
    assert sum(row["n_documents"] for row in record["sources"]) == 180
    assert record["projection"]["core_hours"] > 0
    assert record["files"]
    assert any(example["text"] for example in record["examples"])
    bare = run("card", town / "scores", "--out", tmp_path / "bare", "--no-texts")
    assert bare.exit_code == 0, bare.stderr
    record = json.loads((tmp_path / "bare" / "card.json").read_text(encoding="utf-8"))
    assert not any(example["text"] for example in record["examples"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("audit", "nowhere", "--out", "a"), "holds no scores"),
        (("card", "nowhere", "--out", "c"), "holds no"),
        (("audit", "SCORES", "--out", "a", "--policy", "nice"), "no policy 'nice'"),
        (("audit", "SCORES", "--out", "a", "--ratings", "none.jsonl"), "not a file of ratings"),
        (("audit", "SCORES", "--out", "a", "--judge-url", "http://localhost:1/v1"), "--judge-model"),
        (("audit", "SCORES", "--out", "a", "--corpus", "gone.jsonl"), "no such file"),
        (("card", "SCORES", "--out", "c", "--audit", "empty"), "holds no findings"),
    ],
)
def test_mistakes_are_told_in_a_line(town, words, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(*(town / "scores" if word == "SCORES" else word for word in words))
    assert result.exit_code == 2
    assert told in result.stderr
