"""What a policy makes of one document: a pure function of the policy and of the document's scores."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from eudaimon.curate.policy import Policy, SegmentRule, SpanAction
from eudaimon.curate.scores import DocumentScores, SegmentScores
from eudaimon.curate.settle import NO_RULE, Owned, owned, ranks, settle
from eudaimon.curate.voices.turn import MARKUP

Outcome: TypeAlias = Literal["keep", "drop", "error"]


@dataclass(frozen=True, slots=True)
class DecidedSpan:
    """What is done with the characters ``[start, end)`` of a document, by which rule and on which scores.

    ``text`` is the tag to put before it, or the instruction for its rewrite; empty otherwise.
    """

    start: int
    end: int
    action: SpanAction
    rule: str
    why: str
    scores: tuple[SegmentScores, ...]
    text: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a document and why; ``spans`` are in order and do not overlap.

    ``outcome`` is ``error`` where scoring failed or lacks what the policy asks for: such a document is
    neither kept nor dropped. ``shares`` are those of the characters that voices say, by segment rule, in
    [0, 1]. ``reflection`` is appended to the kept text.
    """

    id: str
    outcome: Outcome
    reason: str
    policy: str
    policy_hash: str
    rule: str = ""
    spans: tuple[DecidedSpan, ...] = ()
    weight: int = 1
    reflection: str = ""
    shares: Mapping[str, float] = field(default_factory=dict)
    source: str = ""
    model: str = ""
    text_hash: str = ""


def decide(policy: Policy, scores: DocumentScores) -> Decision:
    """The decision of a policy on the scores of one document.

    A voice that is quoted in another is judged on its own, so each character belongs to the innermost voices
    on it; where several that do not quote one another share a character, the strictest action
    counts, and of equally strict ones the rule that the policy names first.
    `MARKUP` is no voice: no rule looks at it, and it counts for no share.
    """
    if scores.failure:
        return _decision(policy, scores, "error", f"not scored: {scores.failure}")
    order, found = ranks(policy), []
    for index, segment in enumerate(scores.segments):
        rule, lacking = (None, "") if segment.voice == MARKUP else matching_rule(policy, segment)
        if lacking:
            return _decision(policy, scores, "error", f"segment {index}: {lacking}")
        found.append(order.of[policy.segments.index(rule)] if rule else NO_RULE)
    parts: list[Owned] = []
    if any(found):
        parts = owned(
            [s.start for s in scores.segments],
            [s.end for s in scores.segments],
            [s.parent for s in scores.segments],
            [s.voice == MARKUP for s in scores.segments],
            found,
        )
    settled = settle(policy, order, parts)
    return _decision(
        policy,
        scores,
        settled.outcome,
        settled.reason,
        rule=settled.rule,
        spans=tuple(_span(scores, policy.segments[order.rule[p[2] - 1]], p) for p in settled.acts),
        shares=settled.shares,
        weight=settled.weight,
        reflects=settled.reflects,
    )


def matching_rule(policy: Policy, segment: SegmentScores) -> tuple[SegmentRule | None, str]:
    """The first rule that holds for a segment, or None; and what it lacks to be decided, empty if nothing."""
    for rule in policy.segments:
        holds = rule.when.holds(segment)
        if holds is None:
            if policy.not_scored == "error":
                axes = dict.fromkeys(c.axis for c in rule.when.checks(segment) if c.holds is None)
                return None, lacking_reason(rule, axes)
            holds = policy.not_scored == "holds"
        if holds:
            return rule, ""
    return None, ""


def lacking_reason(rule: SegmentRule, axes: Iterable[str]) -> str:
    """What a segment lacks to be decided: the axes that a rule asks for and that were not scored."""
    return f"{' and '.join(axes)} not scored, which rule {rule.name!r} asks for"


def _span(scores: DocumentScores, rule: SegmentRule, part: Owned) -> DecidedSpan:
    start, end, _, owners = part
    behind = tuple(scores.segments[k] for k in owners)
    return DecidedSpan(start, end, rule.do, rule.name, rule.why, behind, rule.tag or rule.instruction)


def _decision(
    policy: Policy,
    scores: DocumentScores,
    outcome: Outcome,
    reason: str,
    *,
    rule: str = "",
    spans: tuple[DecidedSpan, ...] = (),
    shares: Mapping[str, float] | None = None,
    weight: int = 1,
    reflects: bool = False,
) -> Decision:
    return Decision(
        scores.id,
        outcome,
        reason,
        policy.name,
        policy.hash,
        rule=rule,
        spans=spans,
        weight=weight,
        reflection=pick(policy.reflections, scores.id) if reflects else "",
        shares=shares or {},
        source=scores.source,
        model=scores.model,
        text_hash=scores.text_hash,
    )


def pick(texts: tuple[str, ...], name: str) -> str:
    """One of the texts, always the same for a document's id."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
    return texts[int.from_bytes(digest[:8], "big") % len(texts)]
