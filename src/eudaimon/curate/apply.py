"""What a decision makes of a document's text, with everything that was taken out beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.core.identity import short_hash
from eudaimon.curate.decide import DecidedSpan, Decision, Outcome
from eudaimon.curate.scores import SegmentScores, source_of

Span: TypeAlias = tuple[int, int]
GAP = "\n\n"
"""What stands between a text and the reflection on it."""

SPEAKER = re.compile(r"""(?:\A|\n)([^\S\n]*[^\s:"'<>{}\[\]]+(?: [^\s:"'<>{}\[\]]+){0,2}:[^\S\n]*)\Z""")
"""A line's beginning that only says who speaks: one to three words and a colon, and no marks of code."""


@dataclass(frozen=True, slots=True)
class Removed:
    """Characters ``[start, end)`` of the original that are not in the kept text, and why.

    ``kind`` is what was done: cut out, put in other words, dropped with the whole document, or set aside
    because the document is an error. ``scores`` are those that the decision rests on.
    """

    id: str
    start: int
    end: int
    text: str
    kind: Literal["redact", "rewrite", "drop", "error"]
    rule: str
    why: str
    scores: tuple[SegmentScores, ...]
    model: str
    policy: str
    policy_hash: str


@dataclass(frozen=True, slots=True)
class Inserted:
    """Characters ``[start, end)`` of the kept text that are not in the original.

    ``of`` is the span of the original that they were written for: the rewritten one, or that which a tag
    stands before; None for a reflection.
    """

    start: int
    end: int
    kind: Literal["tag", "rewrite", "reflection"]
    of: Span | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """The kept text of a document (none unless it is kept), and how it differs from the original.

    ``masks`` are spans of the kept text to be read without loss, in order: what bad voices say, and tags. As
    a training text it is ``TrainText(a.id, a.text, no_loss=a.masks, weight=a.weight, source=a.source)``.
    """

    id: str
    outcome: Outcome
    reason: str
    text: str
    masks: tuple[Span, ...]
    inserted: tuple[Inserted, ...]
    removed: tuple[Removed, ...]
    weight: int
    source: str
    model: str
    policy: str
    policy_hash: str
    text_hash: str
    """`eudaimon.core.identity.short_hash` of the original."""


def apply(
    document: Document,
    decision: Decision,
    *,
    rewrites: Mapping[Span, str] | None = None,
    same: bool = False,
) -> Applied:
    """The document as the decision wants it.

    A document that is dropped, is an error, or has nothing left but white space is removed as a whole. With
    a span that is cut out goes the lesser of the two runs of white space around it, and the speaker's name
    before it where nothing else is left on the line (``Malva:``), since a name followed by nothing would
    teach that this speaker is silent. ``rewrites`` maps each
    span to be rewritten to its new words. Raises `UsageError` when the decision was made on another text, and
    when new words are missing, empty or for a span that is not to be rewritten. With
    ``same`` the caller knows that the text is the one that was decided on.
    """
    if not same:
        _require(document, decision)
    if decision.outcome != "keep":
        return _set_aside(document, decision, decision.outcome, decision.reason)
    words = _new_words(decision, rewrites or {})
    text, masks = "", []
    inserted: list[Inserted] = []
    removed: list[Removed] = []
    for start, end, span in _pieces(document.text, decision.spans):
        action = span.action if span else "keep"
        before = len(text)
        if span and (action == "redact" or action == "rewrite"):
            removed.append(_removed(document, decision, start, end, action, span))
        if span and action == "rewrite":
            text += words[span.start, span.end]
            inserted.append(Inserted(before, len(text), "rewrite", (start, end)))
        elif span and action == "tag":
            text += f"{span.text} "
            inserted.append(Inserted(before, len(text), "tag", (start, end)))
            masks.append((before, len(text)))
            text += document.text[start:end]
        elif action != "redact":
            text += document.text[start:end]
            if action == "mask":
                masks.append((before, len(text)))
    if removed and not text.strip():
        return _set_aside(document, decision, "drop", f"nothing else is left: {decision.reason}")
    if decision.reflection:
        inserted.append(Inserted(len(text), len(text) + len(GAP + decision.reflection), "reflection"))
        text += GAP + decision.reflection
    return _applied(decision, "keep", decision.reason, text, masks, inserted, removed, document)


def _require(document: Document, decision: Decision) -> None:
    changed = decision.text_hash and decision.text_hash != short_hash(document.text)
    beyond = any(span.end > len(document.text) for span in decision.spans)
    if decision.id != document.id or changed or beyond:
        raise UsageError(
            f"the decision on document {decision.id} was not made on this text of document {document.id}",
            right="the very same text, code point by code point",
            do="score it again, and decide again",
        )


def _new_words(decision: Decision, rewrites: Mapping[Span, str]) -> Mapping[Span, str]:
    wanted = {(span.start, span.end) for span in decision.spans if span.action == "rewrite"}
    if strange := sorted(set(rewrites) - wanted):
        raise UsageError(f"document {decision.id}: {strange[0]} is not to be rewritten")
    if missing := sorted(span for span in wanted if not rewrites.get(span, "").strip()):
        raise UsageError(
            f"document {decision.id}: there are no new words for {missing[0]}",
            right="a rewrite of every span that the policy wants rewritten",
            do="apply(document, decision, rewrites={(start, end): new_words})",
        )
    return rewrites


def _pieces(text: str, spans: tuple[DecidedSpan, ...]) -> list[tuple[int, int, DecidedSpan | None]]:
    """The whole text in pieces: the spans, and what lies between, less white space that goes with a cut."""
    pieces: list[tuple[int, int, DecidedSpan | None]] = []
    done = 0
    for span in spans:
        pieces += [(done, span.start, None), (span.start, span.end, span)]
        done = span.end
    pieces.append((done, len(text), None))
    first = True
    for k, span in zip(range(1, len(pieces), 2), spans, strict=True):
        (left, start, _), (_, end, _), (_, right, _) = pieces[k - 1 : k + 2]
        start -= _name_before(text, left, start, end) if span.action == "redact" else 0
        first = first and not text[left:start].strip()
        if span.action == "redact":
            before, after = text[left:start], text[end:right]
            leading = after[: len(after) - len(after.lstrip())]
            trailing = before[len(before.rstrip()) :]
            if first or (leading and trailing and _size(leading) < _size(trailing)):
                end += len(leading)
            elif leading and trailing:
                start -= len(trailing)
            pieces[k - 1 : k + 2] = [(left, start, None), (start, end, span), (end, right, None)]
        first = first and span.action == "redact"
    return pieces


def _name_before(text: str, left: int, start: int, end: int) -> int:
    """The length of the speaker's name before ``[start, end)`` and after ``left``; 0 where it stays."""
    last = text[start:end].endswith("\n") or not text[end:].partition("\n")[0].strip()
    # A label has at most three words: what lies further back need not be read.
    name = SPEAKER.search(text[max(left, start - 200) : start]) if last else None
    whole = name and (name.start() > 0 or start - len(name[1]) == 0 or text[start - len(name[1]) - 1] == "\n")
    return len(name[1]) if name and whole else 0


def _size(space: str) -> tuple[int, int]:
    return space.count("\n"), len(space)


def _set_aside(
    document: Document, decision: Decision, outcome: Literal["drop", "error"], reason: str
) -> Applied:
    """Nothing kept, everything removed."""
    behind: list[SegmentScores] = []
    for span in decision.spans:
        behind += [scores for scores in span.scores if scores not in behind]
    whole = Removed(
        document.id,
        0,
        len(document.text),
        document.text,
        outcome,
        decision.rule,
        reason,
        tuple(behind),
        decision.model,
        decision.policy,
        decision.policy_hash,
    )
    return _applied(decision, outcome, reason, "", [], [], [whole], document)


def _removed(
    document: Document,
    decision: Decision,
    start: int,
    end: int,
    kind: Literal["redact", "rewrite"],
    span: DecidedSpan,
) -> Removed:
    return Removed(
        document.id,
        start,
        end,
        document.text[start:end],
        kind,
        span.rule,
        span.why,
        span.scores,
        decision.model,
        decision.policy,
        decision.policy_hash,
    )


def _applied(
    decision: Decision,
    outcome: Outcome,
    reason: str,
    text: str,
    masks: list[Span],
    inserted: list[Inserted],
    removed: list[Removed],
    document: Document,
) -> Applied:
    return Applied(
        id=decision.id,
        outcome=outcome,
        reason=reason,
        text=text,
        masks=tuple(masks),
        inserted=tuple(inserted),
        removed=tuple(removed),
        weight=decision.weight,
        source=decision.source or source_of(document),
        model=decision.model,
        policy=decision.policy,
        policy_hash=decision.policy_hash,
        # What a decision says of its text has been compared with it.
        text_hash=decision.text_hash or short_hash(document.text),
    )
