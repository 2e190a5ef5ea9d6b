"""What was found about each voice of a document: stored once, read by every policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any

from eudaimon.core.document import Document, Segment, Stance
from eudaimon.core.errors import UsageError
from eudaimon.core.identity import short_hash, span_hash
from eudaimon.curate.taxonomy import STANCES, SUBJECTS, TRAITS, WORST, NoStance, Subject

LAST_STAGE = 3
"""The stages of a cascade: 0 provenance, 1 words, 2 an encoder, 3 a judge."""
_EMPTY: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=True)
class SegmentScores:
    """The scores of one segment: a character span ``[start, end)`` of ``document``, in code points.

    ``harm`` holds probabilities in [0, 1] by harm category, ``severity`` is in [0, 5], ``traits`` in
    [-2, 2], ``hazard`` a probability. What was not scored is None, or missing in a mapping; what was scored
    and is not there is ``"none"`` or 0. ``parent`` is the index of the segment that this one is quoted in.
    ``span_hash`` is `eudaimon.core.identity.span_hash` of the span's text, empty when unknown. ``stage`` is
    the stage of the cascade whose word stands here, from 0 to 3, where there was one. ``error`` says why
    scoring failed. Raises `ValueError` on anything out of range or unknown to the taxonomy.
    """

    document: str
    start: int
    end: int
    span_hash: str = ""
    voice: str = ""
    persona: str = ""
    parent: int | None = None
    harm: Mapping[str, float] = field(default_factory=lambda: _EMPTY)
    severity: float | None = None
    stance: Stance | NoStance | None = None
    frame: Stance | NoStance | None = None
    traits: Mapping[str, float] = field(default_factory=lambda: _EMPTY)
    subject: Subject | None = None
    hazard: float | None = None
    stage: int | None = None
    error: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"a segment from {self.start} to {self.end} is no span of characters")
        _in_range("harm", self.harm, _categories(), 0, 1)
        _in_range("trait", self.traits, frozenset(TRAITS), -2, 2)
        _in_range("score", {"severity": self.severity}, None, 0, WORST)
        _in_range("score", {"hazard": self.hazard}, None, 0, 1)
        _in_range("score", {"stage": self.stage}, None, 0, LAST_STAGE)
        for name, value, known in (
            ("stance", self.stance, STANCES),
            ("frame", self.frame, STANCES),
            ("subject", self.subject, SUBJECTS),
        ):
            if value is not None and value not in known:
                raise ValueError(f"{value!r} is no {name}: it is one of {', '.join(known)}, or None")

    @property
    def scored(self) -> bool:
        """Whether scoring this segment came to an end."""
        return not self.error


@dataclass(frozen=True, slots=True)
class DocumentScores:
    """The scores of all segments of one document, in order; none where no voice was found.

    ``model`` is the hash of what scored it, ``text_hash`` that of the whole text (empty when unknown),
    ``source`` the stratum under which it is counted. ``error`` says why the document could not be scored.
    Raises `ValueError` where a segment belongs elsewhere or is quoted in none of the others, or in itself.
    """

    id: str
    segments: tuple[SegmentScores, ...] = ()
    text_hash: str = ""
    source: str = ""
    model: str = ""
    error: str = ""

    def __post_init__(self) -> None:
        for index, segment in enumerate(self.segments):
            if segment.document != self.id:
                raise ValueError(f"a segment of document {segment.document} is among those of {self.id}")
            self._check_parents(index)

    def _check_parents(self, index: int) -> None:
        seen = {index}
        parent = self.segments[index].parent
        while parent is not None:
            if parent in seen or not 0 <= parent < len(self.segments):
                raise ValueError(f"segment {index} of document {self.id} has no sound chain of parents")
            seen.add(parent)
            parent = self.segments[parent].parent

    @property
    def failure(self) -> str:
        """Why scoring failed, for the document or the first of its segments that failed; else empty."""
        if self.error:
            return self.error
        failed = next(((k, s) for k, s in enumerate(self.segments) if s.error), None)
        return f"segment {failed[0]}: {failed[1].error}" if failed else ""

    def require(self, document: Document) -> None:
        """Raise `UsageError` unless these are the scores of this very text."""
        if self.id != document.id:
            raise UsageError(f"the scores of document {self.id} are not those of document {document.id}")
        length = len(document.text)
        changed = self.text_hash and self.text_hash != short_hash(document.text)
        if not changed:
            changed = any(
                s.end > length or (s.span_hash and s.span_hash != span_hash(document.text[s.start : s.end]))
                for s in self.segments
            )
        if changed:
            raise UsageError(
                f"document {self.id} is not the text that was scored",
                right="the very same text, code point by code point",
                do="score it again",
            )


def labelled_scores(document: Document, *, category: str = "other", severity: float = 3.0) -> DocumentScores:
    """The labels that a document carries as scores: `Segment.harm` of ``category``, and stances as they are.

    A segment whose harm is 1 gets ``severity``, others in proportion. Traits and hazard stay unscored. Raises
    `UsageError` when the document's voices are not known.
    """
    if document.segments is None:
        raise UsageError(f"document {document.id} has no labels: its voices are not known")
    rows = tuple(
        SegmentScores(
            document.id,
            segment.start,
            segment.end,
            span_hash=span_hash(document.text[segment.start : segment.end]),
            voice=segment.voice,
            persona=segment.persona,
            parent=segment.parent,
            harm={category: segment.harm},
            severity=segment.harm * severity,
            stance=segment.stance or "none",
            frame=segment.frame or "none",
            subject=next((known for known in SUBJECTS if known == segment.subject), None),
        )
        for segment in document.segments
    )
    return DocumentScores(document.id, rows, short_hash(document.text), source_of(document), "labels")


def as_segment(scores: SegmentScores) -> Segment:
    """The segment with its scores as labels: the highest harm probability, and stance and frame."""
    return Segment(
        scores.start,
        scores.end,
        scores.voice,
        persona=scores.persona,
        stance=None if scores.stance == "none" else scores.stance,
        frame=None if scores.frame == "none" else scores.frame,
        harm=max(scores.harm.values(), default=0.0),
        subject=scores.subject or "",
        parent=scores.parent,
    )


def source_of(document: Document) -> str:
    """The stratum of a document: its metadata's ``source``, else its ``kind``, else nothing."""
    return str(document.metadata.get("source") or document.metadata.get("kind") or "")


@cache
def _categories() -> frozenset[str]:
    from eudaimon.data.taxonomy import categories

    return frozenset(categories())


def _in_range(
    what: str, values: Mapping[str, Any], known: frozenset[str] | None, low: float, high: float
) -> None:
    for name, value in values.items():
        if known is not None and name not in known:
            raise ValueError(f"{name!r} is no {what}: one of {', '.join(sorted(known))}")
        # Written so that NaN fails.
        if value is not None and not low <= value <= high:
            raise ValueError(f"{name} is in [{low}, {high}], not {value}")
