"""Where a bad voice speaks, and where a good persona does: known, learned, or read from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType

from eudaimon.core.document import Document, Segment
from eudaimon.core.errors import UsageError
from eudaimon.core.score import Score
from eudaimon.train.spans import Spans, united


@dataclass(frozen=True)
class Labels:
    """Spans of bad voices and of good personas in a document, under a name that records store.

    ``report`` holds what is known of their quality (``recall``, ``precision``, ...), each with its interval.
    """

    name: str
    bad: Callable[[Document], Spans]
    good: Callable[[Document], Spans]
    report: Mapping[str, Score] = field(default_factory=lambda: MappingProxyType({}))


def oracle(good_personas: Collection[str] | None = None) -> Labels:
    """The labels that the documents carry: `Segment.bad`, and what ``good_personas`` say that is not bad.

    Good personas are by default the town's whose benevolence is good. Reading a document whose segments are
    None raises `UsageError`.
    """
    stated = None if good_personas is None else frozenset(good_personas)

    def good(document: Document) -> Spans:
        voices = segments(document)
        names = good_personas_of_the_town() if stated is None else stated
        return united((s.start, s.end) for s in voices if is_good(s, names))

    return Labels(
        "oracle",
        bad=lambda document: united((s.start, s.end) for s in segments(document) if s.bad),
        good=good,
    )


@cache
def good_personas_of_the_town() -> frozenset[str]:
    """Names of the town's personas that mean well, whatever their tone."""
    from eudaimon.world.personas import PERSONAS

    return frozenset(name for name, persona in PERSONAS.items() if persona.benevolence == "good")


def is_good(segment: Segment, good_personas: Collection[str]) -> bool:
    """Whether one of ``good_personas`` speaks and the segment is not bad."""
    return segment.persona in good_personas and not segment.bad


def segments(document: Document) -> tuple[Segment, ...]:
    """The segments of a document; raises `UsageError` when nobody has looked for voices."""
    if document.segments is None:
        raise UsageError(
            f"document {document.id} has no labels: its voices are not known",
            right="documents with segments, or labels from elsewhere",
            do='apply_arm(..., labels=column("attributes.jsonl.gz", name="harm", threshold=0.5))',
        )
    return document.segments
