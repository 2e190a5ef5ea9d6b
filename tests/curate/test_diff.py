from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.core.identity import short_hash
from eudaimon.curate import DocumentScores, SegmentScores, decide, diff, load_policy, policy_names
from eudaimon.curate.diff import n_words

BAD = {"harm": {"hate": 0.9}, "severity": 3.0, "stance": "advocates", "frame": "none", "subject": "human"}
FINE = {"harm": {"hate": 0.0}}


def one(name: str, good: str, bad: str, **more: object) -> tuple[Document, DocumentScores]:
    text = good + bad
    rows = (
        SegmentScores(name, 0, len(good), **FINE),
        SegmentScores(name, len(good), len(text), **{**BAD, **more}),
    )
    return Document(name, text), DocumentScores(name, rows, short_hash(text), "forum")


CORPUS = [
    one("a", "Three good words, and then many more of the same kind. ", "Two bad. "),
    one("b", "Nothing here to see. ", "In a play.", subject="fictional"),
    one("c", "Nothing. ", "Nor here.", stance="condemns"),
]


def test_known_difference():
    found = diff(load_policy("prosocial"), load_policy("no-advocacy"), CORPUS)
    assert (found.before, found.after, found.n_documents) == ("prosocial", "no-advocacy", 3)
    assert found.documents == {("keep", "keep"): 3}
    assert (
        found.tokens[("mask", "redact")]
        == n_words("Two bad. ") + n_words("In a play.")
        == found.changed_tokens
    )
    assert (found.changed_documents, found.changed_by_source) == (2, {"forum": 7})
    assert {(e.id, e.before, e.after, e.excerpt) for e in found.examples} == {
        ("a", "mask", "redact", "Two bad."),
        ("b", "mask", "redact", "In a play."),
    }
    assert found.examples[0].why_after == "harm is praised or taught"
    friendly = diff(load_policy("prosocial"), load_policy("fiction-friendly"), CORPUS)
    assert [(e.id, e.before, e.after) for e in friendly.examples] == [("b", "mask", "keep")]


def test_outcomes_and_errors_are_counted():
    broken = [*CORPUS, (Document("d", "One two."), DocumentScores("d", error="no answer"))]
    found = diff(load_policy("prosocial"), load_policy("good-only"), broken)
    # Traits were not scored: what good-only cannot decide is an error, not a drop.
    assert found.documents == {("error", "error"): 1, ("keep", "error"): 3}
    assert found.tokens[("error", "error")] == 3


@pytest.mark.parametrize(("before", "after"), [("prosocial", "strict"), ("strict", "good-only")])
def test_counts_agree_with_the_decisions(any_scored, before, after):
    @settings(max_examples=30, deadline=None)
    @given(st.lists(any_scored(complete=True), max_size=4, unique_by=lambda pair: pair[0].id))
    def check(corpus):
        one, two = load_policy(before), load_policy(after)
        found = diff(one, two, corpus, count_tokens=len)
        assert found.n_tokens == sum(len(d.text) for d, _ in corpus)
        for side, policy in ((0, one), (1, two)):
            by_action: Counter[str] = Counter()
            for key, n in found.tokens.items():
                by_action[key[side]] += n
            wanted: Counter[str] = Counter()
            for document, scores in corpus:
                decision = decide(policy, scores)
                spans = decision.spans if decision.outcome == "keep" else ()
                for span in spans:
                    wanted[span.action] += span.end - span.start
                rest = len(document.text) - sum(span.end - span.start for span in spans)
                wanted[decision.outcome] += rest
            assert +by_action == +wanted
        same = diff(one, one, corpus)
        assert (same.changed_documents, same.changed_tokens, same.examples) == (0, 0, ())

    check()


def test_examples_do_not_depend_on_the_order_and_do_on_the_seed():
    corpus = [one(str(k), "Good. ", f"Bad {k}.") for k in range(40)]

    def shown(documents, seed: int) -> tuple[str, ...]:
        pair = load_policy("prosocial"), load_policy("strict")
        return tuple(e.id for e in diff(*pair, documents, n_examples=5, seed=seed).examples)

    assert shown(corpus, 0) == shown(corpus[::-1], 0) != shown(corpus, 1)
    assert len(shown(corpus, 0)) == 5 and shown(corpus, 0)[:2] == tuple(
        e.id for e in diff(load_policy("prosocial"), load_policy("strict"), corpus, n_examples=2).examples
    )


def test_scores_of_another_text_are_refused():
    document, scores = CORPUS[0]
    with pytest.raises(UsageError, match="not the text"):
        diff(load_policy(), load_policy("strict"), [(Document("a", document.text + "!"), scores)])


def test_every_pair_of_shipped_policies_can_be_compared():
    for before in policy_names():
        for after in policy_names():
            found = diff(load_policy(before), load_policy(after), CORPUS)
            assert (found.changed_documents == 0) == (found.changed_tokens == 0)
