"""Letters, words and n-grams of whole batches, against readings of one text at a time."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core.document import Document, Segment
from eudaimon.curate.stages.letters import letters
from eudaimon.curate.stages.ngrams import Vocabulary, ngrams
from eudaimon.curate.stages.spans import spans_of
from eudaimon.curate.stages.words import words_of

TEXT = st.text(
    st.sampled_from("abz AZ.\n'\"“”’-019@$éßｋｉｌ\u200b\u0301\u00adñжあ語\U0001f600\U0001d424\udc80\x00")
    | st.characters(),
    max_size=60,
)


def spelt(text):
    return letters([text])[0].tobytes().decode("latin-1")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Kill", "kill"),
        ("ｋｉｌｌ", "kill"),
        ("k\u200bi\u00adll\u0301", "kill"),
        ("𝐤𝐢𝐥𝐥", "kill"),
        ("k1ll @ss $50 h3llo 2024", "kill ass  50 hello 2024"),
        ("naïve—Ünder", "naive under"),
        ("a'b", "a b"),
        ("", ""),
    ],
)
def test_what_looks_the_same_is_spelt_the_same(text, wanted):
    assert spelt(text) == wanted


@settings(max_examples=30, deadline=None)
@given(st.lists(TEXT, max_size=5))
def test_letters_keep_their_places(texts):
    found, kept, begins = letters(texts)
    joined = "\n".join(texts)
    places = np.arange(len(found)) if kept is None else kept
    assert len(found) == len(places) <= len(joined)
    assert [joined[b : b + len(t)] for b, t in zip(begins.tolist(), texts, strict=True)] == texts
    for place, letter in zip(places.tolist(), found.tolist(), strict=True):
        if letter in range(ord("a"), ord("z") + 1) and joined[place].isascii() and joined[place].isalpha():
            assert joined[place].lower() == chr(letter)
        if joined[place].isascii() and not joined[place].isalnum() and joined[place] not in "@$":
            assert letter == 32


@settings(max_examples=30, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=5))
def test_a_text_has_the_same_words_in_any_batch(texts):
    documents = [Document(str(k), text, {}, (Segment(0, len(text), "v"),)) for k, text in enumerate(texts)]
    together = words_of(spans_of(documents))
    for k, document in enumerate(documents):
        alone = words_of(spans_of([document]))
        mine = together.owner == k
        assert np.array_equal(together.hash[mine], alone.hash)
        assert np.array_equal(together.stem[mine], alone.stem)
        strings = re.findall("[^ ]+", spelt(document.text))
        assert len(strings) == len(alone)
        assert len(set(strings)) == len(set(alone.hash.tolist())) or any(len(s) > 16 for s in strings)
        assert (alone.stem != 0).tolist() == [len(string) > 5 for string in strings]


def test_words_belong_to_the_innermost_voice_and_pairs_reach_over_a_quotation():
    text = "He said go home now and left"
    segments = (
        Segment(0, 28, "narrator"),
        Segment(8, 19, "quoted", parent=0),
        Segment(11, 15, "x", parent=1),
    )
    words = words_of(spans_of([Document("d", text, {}, segments)]))
    assert words.owner.tolist() == [0, 0, 1, 2, 1, 0, 0]
    (_, singles), (_, pairs), _ = ngrams(words)
    assert words.owner[singles].tolist() == [0, 0, 0, 0, 1, 1, 2]
    assert pairs.tolist() == [0, 1, 5, 2]


def test_words_outside_all_segments_belong_to_nobody():
    words = words_of(spans_of([Document("d", "one two three", {}, (Segment(4, 7, "v"),))]))
    assert words.owner.tolist() == [-1, 0, -1]
    assert [len(where) for _, where in ngrams(words)] == [1, 0, 0]


def test_a_vocabulary_finds_its_own_keys_and_no_others():
    rng = np.random.default_rng(0)
    wanted = np.unique(rng.integers(0, 2**64, 50_000, dtype=np.uint64))
    known = Vocabulary.fitting(wanted, 20_000)
    others = rng.integers(0, 2**64, 20_000, dtype=np.uint64)
    where, numbers = known.numbers(np.concatenate([known.keys, others]))
    assert where[: len(known.keys)].tolist() == numbers[: len(known.keys)].tolist() == list(range(20_000))
    assert len(where) <= len(known.keys) + 2
    with pytest.raises(ValueError, match="slot"):
        Vocabulary(np.array([1, 2], dtype=np.uint64))
