"""One reading gives the files of three, and goes on where it stopped."""

from __future__ import annotations

import shutil

import pytest

from eudaimon.core.errors import UsageError
from eudaimon.curate import Policy, apply_corpus, decide_corpus, filter_corpus, load_policy, restore_corpus

OPTIONS = {"shard_bytes": 1500, "show_progress": False}
HOW = [{"workers": 2}, {"workers": 1}]


@pytest.fixture
def three(score, tmp_path):
    """The corpus scored, decided and applied by three calls."""
    home = tmp_path / "three"
    score(out="three/scores")

    def call(policy):
        decide_corpus(home / "scores", policy, home / "decisions", show_progress=False)
        apply_corpus(home / "decisions", home / "applied", show_progress=False)
        return home

    return call


def parts(contents, home):
    return {part: contents(home / part) for part in ("scores", "decisions", "applied")}


@pytest.mark.parametrize("policy", ["prosocial", "strict"])
def test_the_files_are_those_of_three_calls(policy, corpus, three, contents, tmp_path):
    expected = parts(contents, three(policy))
    done = filter_corpus(corpus, tmp_path / "one", "tiny_scorers:words", policy, workers=2, **OPTIONS)
    assert parts(contents, tmp_path / "one") == expected
    assert not done.failed
    assert not done.scored.found
    assert done.decided.found == len(done.scored.computed) and not done.applied.computed, (
        "done by the workers"
    )
    assert restore_corpus(tmp_path / "one" / "applied", show_progress=False).documents == 77


def test_a_scorer_at_hand_does_the_same(corpus, scorers, three, contents, tmp_path):
    expected = parts(contents, three("strict"))
    filter_corpus(corpus, tmp_path / "one", scorers.words(), "strict", **OPTIONS)
    assert parts(contents, tmp_path / "one") == expected


def test_another_policy_scores_nothing_anew_and_what_is_lost_is_made_again(corpus, three, contents, tmp_path):
    home = tmp_path / "one"
    filter_corpus(corpus, home, "tiny_scorers:words", "prosocial", workers=2, **OPTIONS)
    expected = parts(contents, three("strict"))
    again = filter_corpus(corpus, home, "tiny_scorers:words", "strict", workers=2, **OPTIONS)
    assert not again.scored.computed
    assert parts(contents, home) == expected
    shard = again.scored.found[1]
    shutil.rmtree(home / "scores" / "shards" / shard)
    (home / "applied" / "kept" / f"{again.scored.found[0]}.jsonl.zst").write_bytes(b"torn")
    mended = filter_corpus(corpus, home, "tiny_scorers:words", "strict", workers=2, **OPTIONS)
    assert mended.scored.computed == (shard,)
    assert mended.applied.computed == (again.scored.found[0],)
    assert parts(contents, home) == expected


def test_a_scorer_that_breaks_its_word_leaves_nothing_half_written(corpus, tmp_path):
    done = filter_corpus(corpus, tmp_path / "one", "tiny_scorers:lazy", workers=2, **OPTIONS)
    assert done.failed and done.applied is None
    written = [p for part in ("decisions", "applied/kept") for p in (tmp_path / "one" / part).rglob("*.*")]
    assert not written


def test_words_that_nobody_has_written_are_refused(corpus, tmp_path):
    rule = {"name": "r", "when": {"harm": 0.5}, "do": "rewrite", "why": "w", "instruction": "kindly"}
    policy = Policy(name="p", about="a", segments=[rule])
    with pytest.raises(UsageError, match="spans rewritten"):
        filter_corpus(corpus, tmp_path / "one", "tiny_scorers:words", policy, **OPTIONS)
    assert not (tmp_path / "one").exists()
    assert load_policy().segments
