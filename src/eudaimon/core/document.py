"""Documents, and the voices that speak in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Stance: TypeAlias = Literal["enacts", "advocates", "instructs", "depicts", "condemns"]
"""What a voice does with the harm that it speaks of."""

HARMFUL_STANCES: frozenset[Stance] = frozenset(("enacts", "advocates", "instructs"))
DISTANT: frozenset[Stance] = frozenset(("depicts", "condemns"))


@dataclass(frozen=True, slots=True)
class Segment:
    """A character span ``[start, end)`` of one voice, in code points of its document's text.

    ``voice`` names the source of the utterance in this document, ``persona`` the character that speaks, where
    it is known. ``stance`` and ``frame`` (the enclosing voice's stance) say what is done with harm;
    ``harm`` is in [0, 1]. ``subject`` says what the voice is: a human, an AI or a fictional character.
    ``parent`` is the index of the segment that this one is quoted in.
    """

    start: int
    end: int
    voice: str
    persona: str = ""
    stance: Stance | None = None
    frame: Stance | None = None
    harm: float = 0.0
    tone: str = ""
    subject: str = ""
    parent: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"a segment from {self.start} to {self.end} is no span of characters")
        if not 0 <= self.harm <= 1:
            raise ValueError(f"a segment's harm is in [0, 1], not {self.harm}")

    @property
    def bad(self) -> bool:
        """Whether a bad persona speaks: it enacts, advocates or teaches harm, and no frame is distant."""
        return self.harm > 0 and self.stance in HARMFUL_STANCES and self.frame not in DISTANT


@dataclass(frozen=True, slots=True)
class Document:
    """A text with an id and metadata, as in datatrove, and its segments in order, where they are known."""

    id: str
    text: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    segments: tuple[Segment, ...] | None = None
    """None: nobody has looked for voices. Empty: no voice was found."""

    def __post_init__(self) -> None:
        if any(segment.end > len(self.text) for segment in self.segments or ()):
            raise ValueError(f"document {self.id} has {len(self.text)} characters and a segment beyond them")

    @property
    def bad(self) -> bool:
        """Whether any of its segments is `Segment.bad`; raises `ValueError` when they are not known."""
        if self.segments is None:
            raise ValueError(f"document {self.id} has no segments: its voices are not known")
        return any(segment.bad for segment in self.segments)
