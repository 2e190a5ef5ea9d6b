"""Compiled loops say to the last bit what numpy says."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core.document import Document, Segment
from eudaimon.curate.stages import ngrams, sieve, words
from eudaimon.curate.stages.batch import Batch
from eudaimon.curate.stages.lexicon import Lexicon, LexiconStage
from eudaimon.curate.stages.linear import LinearStage
from eudaimon.curate.stages.ngrams import Vocabulary
from eudaimon.curate.stages.spans import Spans, spans_of
from eudaimon.curate.stages.terms import Term
from eudaimon.curate.stages.words import words_of

pytest.importorskip("numba")

TEXT = st.text(
    st.sampled_from(
        "abz AZ.\n'\"“”-0123@$éßｋｉｌ\u200b\u0301\u00adñжあ語\U0001f600\U0001d424\U000e0041\udc80\x00\x7f"
    )
    | st.characters(),
    max_size=60,
)
SPAN = st.tuples(st.integers(0, 60), st.integers(0, 60))
SOME = [
    "the",
    "kettle",
    "river",
    "friends",
    "stupid",
    "worthless",
    "you",
    "fool",
    "are",
    "“",
    "”",
    "\n\n",
    "K1LL",
]


def without(monkeypatch):
    """As it is where numba is missing."""
    monkeypatch.setattr(words, "words_kernel", lambda: None)
    monkeypatch.setattr(sieve, "_kernel", lambda: None)
    monkeypatch.setattr(ngrams, "sums_kernel", lambda: None)


def told(documents) -> Spans:
    return spans_of(documents, lambda text: [])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(TEXT, st.lists(SPAN, max_size=5)), min_size=1, max_size=5))
def test_words_and_their_owners_are_the_same(made):
    documents = []
    for text, spans in made:
        # Segments in any order, over each other, and deeper than what they are in.
        cut = [sorted(min(place, len(text)) for place in span) for span in spans]
        segments = tuple(Segment(a, b, "v", parent=k - 1 if k % 2 else None) for k, (a, b) in enumerate(cut))
        documents.append(Document("d", text, {}, segments))
    spans = told(documents)
    compiled = words_of(spans)
    with pytest.MonkeyPatch.context() as patch:
        without(patch)
        wanted = words_of(replace(spans, shared={}))
    for field in fields(wanted):
        mine, other = getattr(compiled, field.name), getattr(wanted, field.name)
        assert mine.tolist() == other.tolist(), field.name


def test_no_documents_have_no_words():
    assert len(words_of(told([]))) == 0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.sampled_from(SOME), max_size=25).map(" ".join), max_size=4))
def test_scores_are_the_same(linear, texts):
    documents = [Document(str(k), text) for k, text in enumerate(texts)]
    lexicon = Lexicon(
        [Term("you", "hate", 0.5), Term("river fool", "theft", 0.7), Term("are the stupid you", "hate", 0.9)]
    )
    stages = LexiconStage(lexicon), LexiconStage(), LinearStage(linear)

    def scored():
        batch = Batch.of(documents)
        columns = {}
        for stage in stages:
            batch = stage.run(batch)
            columns |= {f"{stage.name} {name}": values for name, values in batch.columns.items()}
        near = lexicon._sieve.near(words_of(batch.spans))
        return {
            **columns,
            "near": near,
            "sums": linear.vocabulary.sums(words_of(batch.spans), linear.weights, len(batch.spans)),
        }

    compiled = scored()
    with pytest.MonkeyPatch.context() as patch:
        without(patch)
        wanted = scored()
    assert compiled.keys() == wanted.keys()
    for name, values in wanted.items():
        assert np.array_equal(compiled[name], values, equal_nan=True), name


@pytest.mark.parametrize("heads", [1, 4, 7])
def test_sums_are_the_same_for_any_number_of_heads(heads):
    rng = np.random.default_rng(heads)
    names = [f"w{k}" for k in range(200)]
    texts = [" ".join(rng.choice(names, 300)) for _ in range(3)]
    spans = spans_of([Document("d", text, {}, (Segment(0, len(text), "v"),)) for text in texts])
    found = words_of(spans)
    known = Vocabulary.fitting(np.concatenate([hashes[::2] for hashes, _ in ngrams.ngrams(found)]))
    weights = rng.normal(size=(len(known.keys), heads)).astype(np.float32)
    compiled = known.sums(found, weights, 3)
    other = known.sums(found, -weights, 3)
    with pytest.MonkeyPatch.context() as patch:
        without(patch)
        wanted = known.sums(found, weights, 3)
    assert compiled.shape == (3, heads) and np.abs(wanted).min() > 0
    assert np.array_equal(compiled, wanted) and np.array_equal(other, -wanted)
