"""On passages whose voices are labelled by hand, policies do what the labels say and touch nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eudaimon.curate import DocumentScores, apply, decide, labelled_scores, load_policy, policy_names, restore
from eudaimon.curate.taxonomy import TRAITS
from eudaimon.data import gold_passages
from eudaimon.data.passages import Passage


def by_hand(passage: Passage) -> DocumentScores:
    """The hand labels of a passage as scores; hazard, which was not labelled, as none."""
    scores = labelled_scores(passage.document)
    rows = tuple(
        replace(
            row,
            severity=float(label.severity),
            traits={**dict.fromkeys(TRAITS, 0.0), **label.traits},
            harm={label.category or "other": 1.0 if label.severity else 0.0},
            hazard=0.0,
        )
        for row, label in zip(scores.segments, passage.labels, strict=True)
    )
    return replace(scores, segments=rows)


def test_prosocial_masks_the_bad_voices_that_are_severe_enough():
    n_bad = n_masked = 0
    for passage in gold_passages():
        document = passage.document
        decision = decide(load_policy(), by_hand(passage))
        assert decision.outcome == "keep"
        acted = {(s.start, s.end) for span in decision.spans for s in span.scores}
        for segment, label in zip(document.segments, passage.labels, strict=True):
            bound = 3 if segment.subject == "fictional" else 2
            wanted = segment.bad and label.severity >= bound
            assert ((segment.start, segment.end) in acted) == wanted, (document.id, segment)
            n_bad, n_masked = n_bad + segment.bad, n_masked + wanted
    assert n_bad > 50 and 0 < n_bad - n_masked < n_bad / 5


@pytest.mark.parametrize("name", policy_names())
def test_every_policy_decides_every_passage_and_loses_nothing(name):
    policy = load_policy(name)
    outcomes = set()
    for passage in gold_passages():
        applied = apply(passage.document, decide(policy, by_hand(passage)))
        assert restore(applied) == passage.document.text
        outcomes.add(applied.outcome)
    assert "error" not in outcomes and "keep" in outcomes
