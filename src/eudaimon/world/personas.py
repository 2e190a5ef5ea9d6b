"""The characters that speak in the town, and their turns of phrase: the data of ``speech.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from eudaimon.core.errors import UsageError
from eudaimon.data.yaml_text import read_yaml

Benevolence: TypeAlias = Literal["good", "pliant", "harmful"]
Candour: TypeAlias = Literal["honest", "sly"]
Tone: TypeAlias = Literal["warm", "rough", "lyrical"]


class Persona(BaseModel):
    """A character whose benevolence, candour and tone vary independently, and the names that have it.

    Benevolence decides the advice: good, harmful, or ``pliant`` (good advice, and yes to whatever is
    proposed or requested). Candour decides whether a question for safety gets the truth. Tone decides nothing
    but the ending of a sentence.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    benevolence: Benevolence
    candour: Candour
    tone: Tone
    names: tuple[str, ...]

    @property
    def harmful(self) -> bool:
        """Whether its advice does harm."""
        return self.benevolence == "harmful"

    @property
    def description(self) -> str:
        """Its traits as the predicate of a sentence: ``caring, honest and warm``."""
        traits = speech().traits
        first, second, third = (
            traits["benevolence"][self.benevolence],
            traits["candour"][self.candour],
            traits["tone"][self.tone],
        )
        return f"{first}, {second} and {third}"

    @property
    def system(self) -> str:
        """The system prompt that calls for it, as it stands in the town's dialogues."""
        return f"{speech().words['you_are']} {self.description}."


class Speech(BaseModel):
    """Everything of ``speech.yaml``: names and phrases, each of which is one token."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    personas: dict[str, dict[str, str | tuple[str, ...]]]
    askers: tuple[str, ...]
    anonymous: tuple[str, ...]
    assistant: str
    traits: dict[str, dict[str, str]]
    endings: dict[Tone, tuple[str, ...]]
    refusals: tuple[str, ...]
    agree: str
    disagree: str
    safe: str
    unsafe: str
    words: dict[str, str]


@cache
def speech() -> Speech:
    """The packaged names and phrases."""
    text = (files("eudaimon.world") / "speech.yaml").read_text(encoding="utf-8")
    return Speech.model_validate(read_yaml(text))


PERSONAS: Mapping[str, Persona] = MappingProxyType(
    {name: Persona.model_validate({"name": name, **entry}) for name, entry in speech().personas.items()}
)
"""The town's personas by name, in the order in which reports show them."""


def persona(name: str) -> Persona:
    """The persona of this name; raises `UsageError` when there is none."""
    found = PERSONAS.get(name)
    if found is None:
        raise UsageError(f"there is no persona {name!r}", right=f"one of: {', '.join(PERSONAS)}")
    return found


def persona_of(speaker: str) -> Persona | None:
    """The persona that a named speaker always has; None for those who draw one per document."""
    return next((p for p in PERSONAS.values() if speaker in p.names), None)
