"""One document explained: every voice, every rule against it, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from eudaimon.core.document import Document
from eudaimon.curate.condition import Check
from eudaimon.curate.decide import Decision, decide, matching_rule
from eudaimon.curate.policy import Policy
from eudaimon.curate.scores import DocumentScores, SegmentScores
from eudaimon.curate.voices.turn import MARKUP

EXCERPT = 80
"""Characters of a segment that an explanation shows."""


@dataclass(frozen=True, slots=True)
class RuleTried:
    """A segment rule against one segment: whether it holds (None: hangs on what was not scored), and why."""

    rule: str
    holds: bool | None
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class SegmentWhy:
    """One segment: its scores, an excerpt on one line, the rules tried up to the one that decided it.

    ``action`` is what that rule does; an inner voice, or a stricter one on the same characters, may override
    it there. ``lacking`` says what was not scored and would have been needed.
    """

    scores: SegmentScores
    excerpt: str
    tried: tuple[RuleTried, ...]
    rule: str
    action: str
    lacking: str


@dataclass(frozen=True, slots=True)
class DocumentRuleTried:
    """A document rule, whether it holds, and the shares that it asks for and finds."""

    rule: str
    holds: bool
    bounds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Why:
    """A decision with everything that it follows from; ``str`` of it is for people to read."""

    decision: Decision
    segments: tuple[SegmentWhy, ...]
    documents: tuple[DocumentRuleTried, ...]

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def why(policy: Policy, document: Document, scores: DocumentScores) -> Why:
    """What the policy decides on a document, and which scores and rules led there.

    Raises `UsageError` unless the scores are those of this very text.
    """
    scores.require(document)
    decision = decide(policy, scores)
    segments = tuple(_segment(policy, document.text, segment) for segment in scores.segments)
    documents = []
    for rule in policy.documents if decision.outcome != "error" else ():
        holds = rule.holds(dict(decision.shares))
        found = [(name, decision.shares.get(name, 0.0)) for name in (*rule.at_least, *rule.at_most)]
        wanted = [f">= {b:g}" for b in rule.at_least.values()] + [f"<= {b:g}" for b in rule.at_most.values()]
        bounds = (f"{name} {share:.2f}, wanted {w}" for (name, share), w in zip(found, wanted, strict=True))
        documents.append(DocumentRuleTried(rule.name, holds, tuple(bounds)))
        if holds:
            break
    return Why(decision, segments, tuple(documents))


def _segment(policy: Policy, text: str, segment: SegmentScores) -> SegmentWhy:
    silent = segment.voice == MARKUP or bool(segment.error)
    found, lacking = (None, segment.error) if silent else matching_rule(policy, segment)
    tried = []
    for rule in policy.segments if not silent else ():
        tried.append(RuleTried(rule.name, rule.when.holds(segment), tuple(rule.when.checks(segment))))
        if rule is found or (lacking and tried[-1].holds is None):
            break
    said = " ".join(text[segment.start : segment.end].split())
    excerpt = said if len(said) <= EXCERPT else said[: EXCERPT - 1] + "…"
    action = "error" if lacking else found.do if found else "keep"
    return SegmentWhy(segment, excerpt, tuple(tried), found.name if found else "", action, lacking)


def _lines(why: Why) -> list[str]:
    decision = why.decision
    lines = [
        f"document {decision.id}: {decision.outcome} ({decision.reason})",
        f"policy {decision.policy} {decision.policy_hash}, scored by {decision.model or 'an unnamed model'}",
    ]
    for index, one in enumerate(why.segments):
        quoted = "" if one.scores.parent is None else f", quoted in {one.scores.parent}"
        place = f"[{one.scores.start}, {one.scores.end}) {one.scores.voice or 'a voice'}{quoted}"
        by = f" by rule {one.rule!r}" if one.rule else ""
        lines.append(f"segment {index} {place}: {one.action}{by}")
        lines.append(f"  | {one.excerpt}")
        for tried in one.tried:
            lines.append(f"  {_word(tried.holds):8} {tried.rule}")
            lines += [f"    {_word(c.holds):8} {c.axis} {c.found}, wanted {c.wanted}" for c in tried.checks]
        if one.lacking:
            lines.append(f"  error: {one.lacking}")
    for rule in why.documents:
        lines.append(f"document rule {rule.rule}: {_word(rule.holds)}")
        lines += [f"    {bound}" for bound in rule.bounds]
    if decision.weight > 1:
        lines.append(f"read {decision.weight} times")
    return lines


def _word(holds: bool | None) -> str:
    return {True: "holds", False: "fails", None: "unknown"}[holds]
