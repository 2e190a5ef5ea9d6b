"""The learned filter: recall as stated, errors as reported, the same however it is asked."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression

from eudaimon.core import Document, Segment, UsageError
from eudaimon.train import apply_arm, filtered
from eudaimon.train.learned_filter import _fitted, _said, _threshold

GOOD = ("kind", "gruff", "poet")


def words(texts):
    return [len(text.split()) for text in texts]


@pytest.fixture(scope="module")
def stream():
    """Bad voices are told from others by words that both use, so that no filter is perfect."""
    rng = np.random.default_rng(0)
    documents = []
    for k in range(1500):
        text, segments = "", []
        for _ in range(3):
            bad = rng.random() < 0.3
            p = 0.62 if bad else 0.38
            words = " ".join(
                rng.choice(["mud", "oil"] if rng.random() < p else ["ice", "hay"]) for _ in range(7)
            )
            start = len(text) + len("Ann: ")
            text += f"Ann: {words}.\n"
            persona, stance = ("malign", "advocates") if bad else ("kind", None)
            segments.append(Segment(start, len(text) - 1, "Ann", persona, stance, harm=float(bad)))
        documents.append(Document(f"{k}", text, {"kind": "talk"}, tuple(segments)))
    return documents


@pytest.mark.parametrize("recall", [0.5, 0.8, 0.95])
def test_recall_is_the_stated_one_and_the_report_is_what_it_does(stream, recall):
    labels = filtered(stream[:1000], recall=recall, seed=1, good_personas=GOOD)
    assert labels.report["recall"].low - 0.05 <= recall <= labels.report["recall"].high + 0.05
    # On documents that it has never seen it does what the report says.
    truth = [(s.bad, (s.start, s.end) in labels.bad(d)) for d in stream[1000:] for s in d.segments]
    hits = sum(bad and found for bad, found in truth)
    assert hits / sum(bad for bad, _ in truth) == pytest.approx(labels.report["recall"].value, abs=0.08)
    assert hits / sum(found for _, found in truth) == pytest.approx(labels.report["precision"].value, abs=0.1)
    assert labels.name == f"filtered({recall:g})" and labels.report["precision"].value < 1


def test_a_higher_recall_finds_all_that_a_lower_one_does(stream):
    low, high = (filtered(stream[:1000], recall=r, seed=1, good_personas=GOOD) for r in (0.5, 0.95))
    assert all(set(low.bad(d)) <= set(high.bad(d)) for d in stream)


def test_same_seed_same_labels(stream):
    first, second = (filtered(stream[:600], recall=0.8, seed=2, good_personas=GOOD) for _ in range(2))
    assert [first.bad(d) for d in stream] == [second.bad(d) for d in stream] and first.report == second.report


def test_scores_are_those_of_the_plain_pipeline(stream):
    part = [row for document in stream[:200] for row in _said(document)]
    labels = [segment.bad for _, segment in part]
    grams = HashingVectorizer(
        n_features=2**18, ngram_range=(1, 2), alternate_sign=False, token_pattern=r"(?u)\b\w+\b"
    )
    model = LogisticRegression(C=10.0, class_weight="balanced", max_iter=1000)
    texts = [text for text, _ in part]
    expected = model.fit(grams.transform(texts), labels).decision_function(grams.transform(texts))
    score = _fitted(part, labels, 0)
    assert np.allclose([score(text) for text in texts], expected, atol=1e-9)


def test_the_threshold_is_the_highest_that_finds_the_share():
    scores = np.array([3.0, 1.0, 2.0, 2.0])
    assert [_threshold(scores, r) for r in (0.1, 0.25, 0.5, 0.75, 0.76, 1.0)] == [3, 3, 2, 2, 1, 1]


def test_a_voice_is_read_with_its_name_and_without_what_it_quotes():
    text = "Ann says: Bob said burn it and left.\nBob: no."
    segments = (Segment(0, 36, "Ann"), Segment(19, 26, "Bob", parent=0), Segment(42, 45, "Bob"))
    said = [words for words, _ in _said(Document("1", text, segments=segments))]
    assert said == ["Ann says: Bob said  and left.", "Ann says: Bob said burn it", "Bob: no."]


def test_an_arm_by_a_filter_leaves_what_the_filter_misses(stream):
    labels = filtered(stream[:600], recall=0.5, seed=0, good_personas=GOOD)
    result = apply_arm("drop", stream[600:], n_tokens=2000, count_tokens=words, seed=0, labels=labels)
    assert result.labels == "filtered(0.5)" and result.n_bad_tokens > 0
    kept = {text.id for text in result.texts}
    assert not any(labels.bad(document) for document in stream if document.id in kept)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"recall": 0.0}, "recall of 0"),
        ({"recall": 1.5}, "recall of 1.5"),
        ({"recall": 0.95, "precision": 0.99}, "precision is .* not 0.99"),
    ],
)
def test_what_a_filter_cannot_be_is_refused(stream, options, words):
    with pytest.raises(UsageError, match=words):
        filtered(stream[:600], seed=0, good_personas=GOOD, **options)


def test_too_few_segments_are_refused(stream):
    with pytest.raises(UsageError, match="bad segments and"):
        filtered(stream[:30], recall=0.8, seed=0, good_personas=GOOD)
