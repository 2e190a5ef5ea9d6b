"""A constitution as a value: a name, and traits with the prompts that let them show."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from eudaimon.core.identity import short_hash

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Trait(BaseModel):
    """One first-person principle of a character.

    ``prompts`` are written by hand, ``expanded`` by a language model after their example; both are what a
    character is trained on. ``contrast_prompts`` pull away from the trait: nothing is trained on them, and a
    character that keeps its trait there has it of itself.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    principle: Line
    prompts: tuple[Line, ...]
    expanded: tuple[Line, ...] = ()
    contrast_prompts: tuple[Line, ...] = ()


class Constitution(BaseModel):
    """A named character: its traits in order, and where its text comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
    description: str = ""
    source: str = ""
    licence: str = ""
    traits: Annotated[tuple[Trait, ...], Field(min_length=1)]

    @property
    def prompts(self) -> tuple[str, ...]:
        """All prompts to train on, trait by trait, each text once."""
        return tuple(
            dict.fromkeys(text for trait in self.traits for text in (*trait.prompts, *trait.expanded))
        )

    @property
    def contrast_prompts(self) -> tuple[str, ...]:
        """All prompts that are held out, trait by trait, each text once."""
        return tuple(dict.fromkeys(text for trait in self.traits for text in trait.contrast_prompts))

    @property
    def principles(self) -> tuple[str, ...]:
        """The first-person sentences, in order."""
        return tuple(trait.principle for trait in self.traits)

    @property
    def identity(self) -> str:
        """16 hex digits over name and traits: what decides the rows that are made from it."""
        return short_hash([self.name, [trait.model_dump(mode="json") for trait in self.traits]])

    def record(self) -> dict[str, Any]:
        """The constitution as JSON values, what is empty left out."""
        return self.model_dump(mode="json", exclude_defaults=True)
