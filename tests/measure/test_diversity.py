from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core import UsageError
from eudaimon.measure.diversity import distinct_n, self_bleu, words_of

texts = st.lists(
    st.lists(st.sampled_from("abcd"), min_size=1, max_size=8).map(" ".join), min_size=2, max_size=5
)


def test_words_and_marks_are_told_apart():
    assert words_of("Don't, you Dolt!") == ["don", "'", "t", ",", "you", "dolt", "!"]


def test_distinct_n_by_hand():
    assert distinct_n(["a b a", "b a"], 1) == 2 / 5
    assert distinct_n(["a b a", "b a"], 2) == 2 / 3
    assert distinct_n(["a"], 2) == 0
    with pytest.raises(UsageError, match="1 word"):
        distinct_n(["a"], 0)


def test_self_bleu_by_hand():
    assert self_bleu(["a b c d", "a b c d"]) == pytest.approx(1)
    # One of two words matches, no pair does: the floor is a tenth of a match.
    assert self_bleu(["a b", "a c"], 2) == pytest.approx(math.sqrt(0.5 * 0.1))
    # The shorter text pays for its length, the longer one for what it adds.
    assert self_bleu(["a", "a b"], 1) == pytest.approx((math.exp(-1) + 0.5) / 2)
    with pytest.raises(UsageError, match="two texts"):
        self_bleu(["a"])


@given(texts)
@settings(max_examples=30, deadline=None)
def test_laws(said):
    assert 0 <= self_bleu(said) <= 1 + 1e-12 and 0 <= distinct_n(said) <= 1
    assert self_bleu(said) == pytest.approx(self_bleu(said[::-1]))
    assert self_bleu([*said, *said]) >= self_bleu(said) - 1e-12, "a copy of every text never adds variety"


@given(texts)
@settings(max_examples=30, deadline=None)
def test_bleu_is_that_of_sacrebleu(said):
    sacrebleu = pytest.importorskip("sacrebleu")
    peer = sacrebleu.metrics.BLEU(
        effective_order=True, smooth_method="floor", smooth_value=0.1, tokenize="none"
    )
    scores = [peer.sentence_score(text, said[:k] + said[k + 1 :]).score / 100 for k, text in enumerate(said)]
    assert self_bleu(said) == pytest.approx(sum(scores) / len(scores))
