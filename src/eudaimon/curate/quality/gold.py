"""The gold passages as items: what a policy makes of their true labels is what a scorer should lead it to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from eudaimon.core.document import Document, Segment
from eudaimon.curate.decide import matching_rule
from eudaimon.curate.policy import Policy
from eudaimon.curate.quality.items import Item, Part
from eudaimon.curate.scores import SegmentScores
from eudaimon.data.passages import Passage, SegmentLabel, gold_passages

GOLD, GOLD_VOICES = "gold", "gold, voices given"


def gold_items(policy: Policy, *, voices: bool = False) -> list[Item]:
    """Every gold passage as an item, a part for each of its segments; ``kind`` is genre and true stance.

    With ``voices`` the document comes with the true segments, without their labels; otherwise voices have to
    be found. A part's characters are those that no quoted voice says.
    """
    return [
        Item(
            _bare(passage, voices),
            GOLD_VOICES if voices else GOLD,
            passage.document.id,
            tuple(_parts(passage, policy)),
        )
        for passage in gold_passages()
    ]


def true_scores(segment: Segment, label: SegmentLabel) -> SegmentScores:
    """The labels of a gold segment as scores."""
    return SegmentScores(
        "",
        segment.start,
        segment.end,
        harm={label.category: 1.0} if label.category else {"other": 0.0},
        severity=label.severity,
        stance=segment.stance or "none",
        frame=segment.frame or "none",
        subject=segment.subject,  # type: ignore[arg-type]
        traits={name: float(value) for name, value in label.traits.items()},
        hazard=0.0,
    )


def _parts(passage: Passage, policy: Policy) -> Iterator[Part]:
    segments = passage.document.segments or ()
    for number, (segment, label) in enumerate(zip(segments, passage.labels, strict=True)):
        rule, _ = matching_rule(policy, true_scores(segment, label))
        yield Part(
            segment.start,
            segment.end,
            rule is not None and rule.do != "keep",
            f"{passage.genre}/{segment.stance or 'none'}/{segment.frame or 'none'}",
            tuple((other.start, other.end) for other in segments if other.parent == number),
        )


def _bare(passage: Passage, voices: bool) -> Document:
    document = passage.document
    segments = None
    if voices:
        segments = tuple(
            replace(each, stance=None, frame=None, harm=0.0, tone="") for each in document.segments or ()
        )
    return Document(document.id, document.text, {}, segments)
