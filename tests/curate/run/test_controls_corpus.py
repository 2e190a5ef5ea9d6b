from __future__ import annotations

from collections import Counter

import pytest

from eudaimon.core.errors import UsageError
from eudaimon.curate import Policy, apply_corpus, controls_corpus, restore_corpus, score_corpus
from eudaimon.curate.diff import n_words
from eudaimon.curate.run.rows import read_rows
from eudaimon.train import read_texts

CUT = Policy.model_validate(
    {
        "name": "cut", "about": "Bad voices are cut out.",
        "segments": [{"name": "bad", "when": {"harm": 0.5}, "do": "redact", "why": "bad"}],
    }
)  # fmt: skip


def lost(folder):
    """Tokens removed and tokens masked by source."""
    cut, hidden, of = Counter(), Counter(), {}
    for path in sorted((folder / "kept").iterdir()):
        for row in read_rows(path):
            of[path.name, row["curate"]["record"]] = row["source"]
            hidden[row["source"]] += sum(n_words(row["text"][start:end]) for start, end in row["no_loss"])
    for path in sorted((folder / "removed").iterdir()):
        for row in read_rows(path):
            cut[row.get("source") or of[path.name, row["record"]]] += n_words(row["text"])
    return cut, hidden


@pytest.mark.parametrize("policy", ["prosocial", CUT], ids=["mask", "redact"])
def test_random_removal_is_matched_and_restores(score, policy, tmp_path, contents):
    score()
    apply_corpus(tmp_path / "scores", tmp_path / "out", policy, show_progress=False)
    made = controls_corpus(tmp_path / "out", tmp_path / "one", seed=1, show_progress=False)
    for wanted, found in zip(lost(tmp_path / "out"), lost(made.removal), strict=True):
        assert {s for s, n in wanted.items() if n} == {s for s, n in found.items() if n}
        for source, n in wanted.items():
            assert abs(found[source] - n) <= 13, "half of the longest document"
    assert restore_corpus(made.removal, show_progress=False).documents == 77
    assert made.filled is None
    controls_corpus(tmp_path / "out", tmp_path / "two", seed=1, show_progress=False)
    other = controls_corpus(tmp_path / "out", tmp_path / "three", seed=2, show_progress=False)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert (other.removed.last, other.masked.last) != (made.removed.last, made.masked.last)


def test_backfill_puts_back_what_is_new_and_untouched(score, scorers, tmp_path):
    import json

    score()
    apply_corpus(tmp_path / "scores", tmp_path / "out", CUT, show_progress=False)
    fresh = [
        {
            "id": f"r{k}",
            "text": f"Fresh text {'to rob ' * (k % 2)}in garden {k}.",
            "source": "s0",
        }
        for k in range(200)
    ]
    old = [json.loads(line) for line in (tmp_path / "corpus" / "a.jsonl").read_bytes().splitlines()[:5]]
    (tmp_path / "more.jsonl").write_text("\n".join(map(json.dumps, [*fresh, *old])))
    score_corpus(tmp_path / "more.jsonl", tmp_path / "more", scorers.Words(), show_progress=False)
    apply_corpus(tmp_path / "more", tmp_path / "reserve", CUT, show_progress=False)
    made = controls_corpus(
        tmp_path / "out", tmp_path / "c", seed=3, reserve=tmp_path / "reserve", show_progress=False
    )
    kept = list(read_texts(tmp_path / "out" / "kept"))
    added = [text for text in read_texts(made.filled / "kept") if text not in kept]
    assert added and all(text.text.startswith("Fresh text in") for text in added)
    wanted = lost(tmp_path / "out")[0]
    assert abs(sum(n_words(text.text) for text in added) - wanted["s0"]) <= 5
    assert made.added.missing == {"s1": wanted["s1"]}
    apply_corpus(tmp_path / "more", tmp_path / "reserve", "prosocial", show_progress=False)
    with pytest.raises(UsageError, match="another policy"):
        controls_corpus(tmp_path / "out", tmp_path / "d", seed=3, reserve=tmp_path / "reserve")
