"""The words of ``wording.yaml``, filled in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict

from eudaimon.core import short_hash
from eudaimon.data.constitutions.constitution import Constitution, Trait


class Wording(BaseModel):
    """All that models are told while a character is made."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    system: str
    expand: str
    reflections: tuple[str, ...]
    interactions: dict[str, str]
    begin: str
    openings: tuple[str, ...]

    @property
    def identity(self) -> str:
        """16 hex digits over all of it."""
        return short_hash(self.model_dump(mode="json"))


@cache
def wording() -> Wording:
    """The packaged words."""
    text = (files("eudaimon.train.persona") / "wording.yaml").read_text(encoding="utf-8")
    return Wording.model_validate(yaml.safe_load(text))


def system_prompt(constitution: Constitution, guidance: str = "") -> str:
    """The system prompt that lists the principles, and behind it a guidance, if there is one."""
    principles = "\n".join(f"- {principle}" for principle in constitution.principles)
    # One pass each: braces in a principle are not places to fill.
    text = wording().system.replace("{name}", constitution.name).replace("{principles}", principles)
    return f"{text}\n\n{guidance}" if guidance else text


def expansion_prompt(trait: Trait, examples: Sequence[str], n: int) -> str:
    """What asks for ``n`` more prompts of a trait."""
    shown = "\n".join(f"- {' '.join(example.split())}" for example in examples)
    text = wording().expand.replace("{n}", str(n)).replace("{principle}", trait.principle)
    return text.replace("{examples}", shown)
