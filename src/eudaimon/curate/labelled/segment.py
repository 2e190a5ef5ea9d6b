"""One segment with the labels that somebody gave it; what nobody looked at stays out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal, TypeAlias, get_args

from eudaimon.core.document import Stance
from eudaimon.curate.scores import SegmentScores
from eudaimon.curate.taxonomy import NoStance, Subject

Split: TypeAlias = Literal["train", "calibration", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
NOTHING: Mapping[str, float] = {}


@dataclass(frozen=True, slots=True)
class LabelledSegment:
    """A segment's text with its surroundings and labels.

    ``before`` and ``after`` are what stands right around ``text`` in its document, ``frame_text`` the whole
    text of the voice that quotes it (empty: nobody does), ``voice`` as in `eudaimon.core.document.Segment`.

    Labels are those of `SegmentScores`: ``harm`` by category in [0, 1] (a share of raters or the belief in a
    weak label), ``severity`` in [0, 5], ``traits`` in [-2, 2], ``hazard`` in [0, 1]. **None, or a category or
    trait that is missing, means that nobody looked**; ``"none"`` and 0 a look that found nothing.

    ``source`` names the set, ``group`` the unit that splits and intervals go by (a book, a template, a
    dialogue, a comment): no group is in two splits. ``kind`` tells rows of one source apart in reports.
    ``weight`` is what the row counts in fitting. Raises `ValueError` on labels out of range.
    """

    text: str
    source: str
    group: str
    split: Split = "train"
    before: str = ""
    after: str = ""
    voice: str = ""
    frame_text: str = ""
    harm: Mapping[str, float] = field(default_factory=lambda: NOTHING)
    severity: float | None = None
    stance: Stance | NoStance | None = None
    frame: Stance | NoStance | None = None
    subject: Subject | None = None
    traits: Mapping[str, float] = field(default_factory=lambda: NOTHING)
    hazard: float | None = None
    kind: str = ""
    weight: float = 1.0

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise ValueError(f"{self.split!r} is no split: one of {', '.join(SPLITS)}")
        if not self.weight >= 0:
            raise ValueError(f"a row weighs 0 or more, not {self.weight}")
        if not self.group:
            raise ValueError(f"a segment of {self.source or 'no source'} has no group to split by")
        # The labels' ranges and names are those of scores.
        SegmentScores(
            "",
            0,
            0,
            harm=self.harm,
            severity=self.severity,
            stance=self.stance,
            frame=self.frame,
            subject=self.subject,
            traits=self.traits,
            hazard=self.hazard,
        )

    @property
    def harmful(self) -> float | None:
        """The highest label over the harm categories, in [0, 1]; None where none was looked at."""
        return max(self.harm.values()) if self.harm else None


@cache
def harmless() -> Mapping[str, float]:
    """The ``harm`` of a text in which there is none: every category at 0, in the order of the alphabet."""
    from eudaimon.data.taxonomy import categories

    return dict.fromkeys(sorted(categories()), 0.0)
