"""The names of what is said of a voice: severity, stances, frames, traits, subjects (``taxonomy.yaml``).

Harm categories stay in `eudaimon.data.categories`, the names of traits in `eudaimon.data.traits`.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Annotated, Literal, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from eudaimon.core.document import Stance
from eudaimon.data.traits import TRAITS as TRAITS
from eudaimon.data.traits import WORST as WORST
from eudaimon.data.traits import Trait as Trait
from eudaimon.data.yaml_text import read_yaml

NoStance: TypeAlias = Literal["none"]
"""Looked at, and there is nothing. Not looked at is ``None``, and that is another thing."""

Subject: TypeAlias = Literal["human", "AI", "fictional"]
STANCES: tuple[Stance | NoStance, ...] = (*get_args(Stance), "none")
SUBJECTS: tuple[Subject, ...] = get_args(Subject)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Level(_Part):
    """One step of the severity scale: its name and what it means."""

    name: str
    means: str


class StanceEntry(_Part):
    """What a stance means, and the question by which a rater tells it."""

    means: str
    test: str


class Traits(_Part):
    """The scale of traits from -2 to 2, and what each vice and each virtue is."""

    scale: Annotated[tuple[str, ...], Field(min_length=5, max_length=5)]
    vices: dict[Trait, str]
    virtues: dict[Trait, str]


class VoiceTaxonomy(_Part):
    """What voices are labelled with, each with the sentence that a rater is told."""

    definitions: dict[str, str]
    rules: dict[str, str]
    severity: Annotated[tuple[Level, ...], Field(min_length=WORST + 1, max_length=WORST + 1)]
    stances: dict[Stance | NoStance, StanceEntry]
    frames: dict[Stance | NoStance, str]
    traits: Traits
    subjects: dict[Subject, str]

    @model_validator(mode="after")
    def _complete(self) -> VoiceTaxonomy:
        wanted = {
            "stances": (STANCES, tuple(self.stances)),
            "frames": (STANCES, tuple(self.frames)),
            "traits": (TRAITS, (*self.traits.vices, *self.traits.virtues)),
            "subjects": (SUBJECTS, tuple(self.subjects)),
        }
        for part, (names, found) in wanted.items():
            if names != found:
                raise ValueError(f"{part} are {', '.join(found)}, and the code knows {', '.join(names)}")
        return self


@cache
def voice_taxonomy() -> VoiceTaxonomy:
    """The packaged taxonomy of voices; its names are those that the code knows, in the same order."""
    text = (files("eudaimon.curate") / "taxonomy.yaml").read_text(encoding="utf-8")
    return VoiceTaxonomy.model_validate(read_yaml(text))
