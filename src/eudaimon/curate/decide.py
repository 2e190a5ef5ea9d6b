"""What a policy makes of one document: a pure function of the policy and of the document's scores."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, TypeAlias

from eudaimon.curate.policy import STRICTNESS, Policy, SegmentRule, SpanAction
from eudaimon.curate.scores import DocumentScores, SegmentScores
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
    rules: list[SegmentRule | None] = []
    for index, segment in enumerate(scores.segments):
        rule, lacking = (None, "") if segment.voice == MARKUP else matching_rule(policy, segment)
        if lacking:
            return _decision(policy, scores, "error", f"segment {index}: {lacking}")
        rules.append(rule)
    owned = _owned(policy, scores, rules) if any(rules) or policy.documents else []
    shares = _shares(owned)
    spans = tuple(_span(scores, *part) for part in owned if part[2] and part[2].do != "keep")
    reflects = any(rule is not None and rule.reflect for *_, rule, _owners in owned)
    for document_rule in policy.documents:
        if document_rule.holds(shares):
            return _decision(
                policy,
                scores,
                document_rule.do,
                document_rule.why,
                rule=document_rule.name,
                spans=spans,
                shares=shares,
                weight=document_rule.weight,
                reflects=document_rule.do == "keep" and (reflects or document_rule.reflect),
            )
    reason = "; ".join(dict.fromkeys(span.why for span in spans)) or "nothing speaks against it"
    return _decision(policy, scores, "keep", reason, spans=spans, shares=shares, reflects=reflects)


def matching_rule(policy: Policy, segment: SegmentScores) -> tuple[SegmentRule | None, str]:
    """The first rule that holds for a segment, or None; and what it lacks to be decided, empty if nothing."""
    for rule in policy.segments:
        holds = rule.when.holds(segment)
        if holds is None:
            if policy.not_scored == "error":
                axes = dict.fromkeys(c.axis for c in rule.when.checks(segment) if c.holds is None)
                return None, f"{' and '.join(axes)} not scored, which rule {rule.name!r} asks for"
            holds = policy.not_scored == "holds"
        if holds:
            return rule, ""
    return None, ""


_Owned: TypeAlias = tuple[int, int, SegmentRule | None, tuple[int, ...]]
"""Characters ``[start, end)``, the rule that counts there, and the segments for which it does."""


def _owned(policy: Policy, scores: DocumentScores, rules: list[SegmentRule | None]) -> list[_Owned]:
    """The characters that any voice says, in order, with the rule of the innermost voice."""
    segments = scores.segments
    ancestors = [_ancestors(segments, index) for index in range(len(segments))]
    edges = sorted({edge for s in segments for edge in (s.start, s.end)})
    starts: dict[int, list[int]] = {}
    for index, segment in enumerate(segments):
        starts.setdefault(segment.start, []).append(index)
    active: list[int] = []
    parts: list[_Owned] = []
    for start, end in pairwise(edges):
        active = [k for k in (*active, *starts.get(start, ())) if segments[k].end > start]
        quoting = {above for k in active for above in ancestors[k]}
        inner = [k for k in active if k not in quoting and segments[k].voice != MARKUP]
        if not inner:
            continue
        rule = max((rules[k] for k in inner), key=lambda rule: _strictness(policy, rule))
        owners = tuple(sorted(k for k in inner if rules[k] is rule))
        if parts and parts[-1][1] == start and parts[-1][3] == owners:
            parts[-1] = (parts[-1][0], end, rule, owners)
        else:
            parts.append((start, end, rule, owners))
    return parts


def _ancestors(segments: tuple[SegmentScores, ...], index: int) -> frozenset[int]:
    found: set[int] = set()
    parent = segments[index].parent
    while parent is not None:
        found.add(parent)
        parent = segments[parent].parent
    return frozenset(found)


def _strictness(policy: Policy, rule: SegmentRule | None) -> tuple[int, float]:
    """How strict a rule is; of equally strict ones, the policy's first, and any rule rather than none."""
    return (STRICTNESS.index(rule.do), -policy.segments.index(rule)) if rule else (0, -math.inf)


def _shares(owned: list[_Owned]) -> dict[str, float]:
    voiced = sum(end - start for start, end, *_ in owned)
    lengths: dict[str, int] = {}
    for start, end, rule, _ in owned:
        if rule:
            lengths[rule.name] = lengths.get(rule.name, 0) + end - start
    return {name: length / voiced for name, length in lengths.items()}


def _span(
    scores: DocumentScores, start: int, end: int, rule: SegmentRule | None, owners: tuple[int, ...]
) -> DecidedSpan:
    assert rule, "only characters that a rule acts on become spans"
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
        reflection=_pick(policy.reflections, scores.id) if reflects else "",
        shares=shares or {},
        source=scores.source,
        model=scores.model,
        text_hash=scores.text_hash,
    )


def _pick(texts: tuple[str, ...], name: str) -> str:
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
    return texts[int.from_bytes(digest[:8], "big") % len(texts)]
