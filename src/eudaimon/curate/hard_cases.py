"""Hard cases with their ruling and its reason (``hard_cases.yaml``): for raters, rubrics and tests."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict

from eudaimon.core.document import Stance
from eudaimon.curate.scores import DocumentScores, SegmentScores
from eudaimon.curate.taxonomy import TRAITS, NoStance, Subject, Trait
from eudaimon.data.yaml_text import read_yaml

CERTAIN = 0.95
"""The probability of a category that a rater has named."""


class CaseLabels(BaseModel):
    """What a rater says of the voice in question; ``category`` is the harm that is done or spoken of."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    category: str
    severity: float
    stance: Stance | NoStance
    frame: Stance | NoStance
    subject: Subject
    traits: dict[Trait, float] = {}
    hazard: float = 0.0


class HardCase(BaseModel):
    """A text (or what it says), the labels of its voice, what policies do with it, and the reason.

    ``ruling`` is that of the default policy; ``rulings`` are those of others, where they are instructive.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: str
    text: str
    labels: CaseLabels
    ruling: Literal["keep", "mask", "redact"]
    rulings: dict[str, Literal["keep", "mask", "redact", "drop"]] = {}
    reason: str

    def scores(self) -> DocumentScores:
        """The labels as the scores of a document in which nothing else is said."""
        labels = self.labels
        segment = SegmentScores(
            self.id,
            0,
            len(self.text),
            harm={labels.category: CERTAIN if labels.severity > 0 else 0.0},
            severity=labels.severity,
            stance=labels.stance,
            frame=labels.frame,
            subject=labels.subject,
            traits={name: labels.traits.get(name, 0.0) for name in TRAITS},
            hazard=labels.hazard,
        )
        return DocumentScores(self.id, (segment,), model="rater")


@cache
def hard_cases() -> tuple[HardCase, ...]:
    """The packaged hard cases, in the order in which the page shows them."""
    text = (files("eudaimon.curate") / "hard_cases.yaml").read_text(encoding="utf-8")
    return tuple(HardCase.model_validate(case) for case in read_yaml(text))
