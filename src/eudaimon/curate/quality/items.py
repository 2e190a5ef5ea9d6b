"""Held-out texts as documents, with the parts of which it is known whether a policy ought to remove them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from eudaimon.core.document import Document
from eudaimon.curate.decide import matching_rule
from eudaimon.curate.labelled.segment import LabelledSegment
from eudaimon.curate.policy import Policy
from eudaimon.curate.scores import SegmentScores

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Part:
    """The characters ``[start, end)`` of one voice but for ``holes``, which others say in it.

    ``bad`` says whether the policy removes them when it reads their true labels; None where these do not say.
    """

    start: int
    end: int
    bad: bool | None
    kind: str
    holes: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """A held-out document with its parts; ``group`` is what intervals resample, ``of`` the set.

    ``marked`` are spans that raters marked themselves, where they did: None elsewhere.
    """

    document: Document
    of: str
    group: str
    parts: tuple[Part, ...]
    marked: tuple[Span, ...] | None = None


def items(
    segments: Iterable[LabelledSegment],
    policy: Policy,
    marked: Mapping[str, tuple[Span, ...]] | None = None,
) -> list[Item]:
    """The segments as documents: those with the same surroundings are parts of one, in the order given.

    A document is a segment with what stands around it. Neither its voices nor its source are given, which
    would tell a scorer too much. `marked` holds the spans of documents by text.
    """
    found: dict[tuple[str, str, str], list[tuple[int, LabelledSegment]]] = {}
    for each in segments:
        text = each.before + each.text + each.after
        found.setdefault((each.source, each.group, text), []).append((len(each.before), each))
    return [
        Item(
            Document(f"{source}-{number}", text),
            source,
            group,
            tuple(_part(start, each, rows, policy) for start, each in rows),
            None if marked is None else marked.get(text),
        )
        for number, ((source, group, text), rows) in enumerate(found.items())
    ]


def _part(
    start: int, each: LabelledSegment, rows: Sequence[tuple[int, LabelledSegment]], policy: Policy
) -> Part:
    end = start + len(each.text)
    holes = tuple(
        (s, s + len(inner.text)) for s, inner in rows if inner is not each and start <= s and inner.frame_text
    )
    return Part(start, end, ought_to_go(each, policy), each.kind or each.source, holes)


def ought_to_go(segment: LabelledSegment, policy: Policy) -> bool | None:
    """Whether a rule of the policy acts on the segment's labels; None where what it asks for is unknown.

    A voice that nobody is known to enclose has no frame.
    """
    frame = segment.frame or (None if segment.frame_text else "none")
    rule, lacking = matching_rule(
        policy,
        SegmentScores(
            "",
            0,
            0,
            harm=segment.harm,
            severity=segment.severity,
            stance=segment.stance,
            frame=frame,
            subject=segment.subject or "human",
            traits=segment.traits,
            hazard=segment.hazard,
        ),
    )
    return None if lacking else rule is not None and rule.do != "keep"
