from __future__ import annotations

import pytest
from hypothesis import given, settings

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.core.identity import short_hash
from eudaimon.curate import DocumentScores, SegmentScores, decide, load_policy, policy_names, why

TEXT = 'Anna said: "Go\n away, all of you." Nobody did.'
BAD = {
    "harm": {"hate": 0.9, "fraud": 0.2},
    "severity": 3.0,
    "stance": "advocates",
    "frame": "none",
    "subject": "human",
}
SCORES = DocumentScores(
    "d",
    (
        SegmentScores("d", 0, len(TEXT), voice="narrator", harm={"hate": 0.1}),
        SegmentScores("d", 11, 34, voice="Anna", parent=0, **BAD),
    ),
    short_hash(TEXT),
    model="m1",
)


def test_one_document_explained():
    found = why(load_policy(), Document("d", TEXT), SCORES)
    narrator, anna = found.segments
    assert (narrator.action, narrator.rule, anna.action, anna.rule) == ("keep", "", "mask", "bad persona")
    assert anna.excerpt == '"Go away, all of you."'
    assert [(c.axis, c.found, c.holds) for c in anna.tried[0].checks] == [
        ("harm", "hate 0.90", True), ("severity", "3", True), ("stance", "advocates", True),
        ("frame", "none", True), ("subject", "human", True),
    ]  # fmt: skip
    text = str(found)
    for said in (
        "document d: keep",
        "quoted in 0: mask by rule 'bad persona'",
        "scored by m1",
        "hate 0.10, wanted any",
    ):
        assert said in text


def test_failures_and_gaps_are_shown():
    gap = SegmentScores("d", 0, 5, harm={"hate": 0.9})
    broken = SegmentScores("d", 5, 8, error="no answer")
    found = why(load_policy(), Document("d", TEXT), DocumentScores("d", (gap, broken)))
    assert found.decision.outcome == "error"
    assert "severity" in found.segments[0].lacking and found.segments[1].lacking == "no answer"
    assert "unknown" in str(found) and "error: no answer" in str(found)


def test_document_rules_are_shown_with_their_shares():
    found = why(
        load_policy("strict"),
        Document("d", TEXT),
        DocumentScores("d", (SCORES.segments[1].__class__("d", 0, 9, **BAD),)),
    )
    assert found.decision.outcome == "drop"
    assert [(rule.rule, rule.holds) for rule in found.documents] == [
        ("mostly grave harm", False),
        ("mostly bad personas", True),
    ]
    assert "bad persona 1.00, wanted >= 0.5" in str(found)


@pytest.mark.parametrize("name", policy_names())
def test_the_explanation_is_that_of_the_decision(any_scored, name):
    policy = load_policy(name)

    @settings(max_examples=30, deadline=None)
    @given(any_scored())
    def check(pair):
        document, scores = pair
        found = why(policy, document, scores)
        assert found.decision == decide(policy, scores) and str(found)
        if found.decision.outcome == "error":
            assert scores.error or any(segment.lacking for segment in found.segments)
        else:
            acting = {span.rule for span in found.decision.spans}
            assert acting <= {segment.rule for segment in found.segments}
            assert all(
                [tried.holds for tried in segment.tried][-1:] == ([True] if segment.rule else [False])
                for segment in found.segments
            )

    check()


def test_another_text_is_refused():
    with pytest.raises(UsageError, match="not the text"):
        why(load_policy(), Document("d", TEXT + "!"), SCORES)
