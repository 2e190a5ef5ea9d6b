"""A character trained into an adapter on any model, from its constitution and a teacher."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from eudaimon.core.errors import UsageError
from eudaimon.data.constitutions.constitution import Constitution
from eudaimon.data.constitutions.packaged import constitution
from eudaimon.study.step import Cost, Step
from eudaimon.study.steps.adapters import AdapterStep
from eudaimon.study.steps.model import placed
from eudaimon.study.steps.speaker import Teacher
from eudaimon.train.needs.table import character_needs
from eudaimon.train.persona.recipe import PersonaRecipe


class GivenCharacter(BaseModel):
    """A packaged constitution or one in a file, known by its ``identity``; made by `given_character`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    _exclude_from_cls_uid: ClassVar[tuple[str, ...]] = ("source",)

    name: str
    source: str
    identity: str

    def read(self) -> Constitution:
        """The constitution; raises `UsageError` when it is not what it was."""
        found = constitution(self.source)
        if found.identity != self.identity:
            raise UsageError(
                f"the constitution {self.source} has changed",
                right="the one that was planned with",
                do="plan the study anew",
            )
        return found


def given_character(source: str) -> GivenCharacter:
    """The constitution of a name or a file, as a field of a step; raises `UsageError` when there is none."""
    found = constitution(source)
    place = str(Path(source).resolve()) if Path(source).is_file() else source
    return GivenCharacter(name=found.name, source=place, identity=found.identity)


class PersonaAdapter(AdapterStep):
    """The adapter of a character: distilled from ``teacher``, then introspection, as the recipe says.

    Everything that was generated lies beside it. Killed, it goes on with the rows that it has.
    """

    resumes: ClassVar[bool] = True
    place: ClassVar[str] = "run/persona"
    execution: ClassVar[frozenset[str]] = Step.execution | {"accumulate"}

    character: GivenCharacter
    teacher: Teacher
    recipe: PersonaRecipe
    accumulate: int = 1
    device: str | None = None

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Train, and leave rows and adapter."""
        from eudaimon.models.load import load
        from eudaimon.train.persona.pipeline import train_persona

        model = load(
            self.model.checkpoint(inputs["model"]), device=placed(self.device, self.model, self.cost())
        )
        speaker = self.teacher.speaker(model, self.device)
        train_persona(
            self.character.read(), model, speaker, self.recipe, out / "run", accumulate=self.accumulate
        )

    def cost(self) -> Cost:
        """Rows generated and trained on, at the length that they may have."""
        distillation, introspection = self.recipe.distillation, self.recipe.introspection
        n_prompts = len(self.character.read().prompts) + distillation.general
        n_tokens = 2 * n_prompts * distillation.samples * distillation.teacher.max_tokens
        if introspection is not None:
            n_tokens += 10 * introspection.reflections * introspection.reflecting.max_tokens
            n_tokens += (
                2 * introspection.interactions * introspection.turns * introspection.interacting.max_tokens
            )
        prompts = len(self.character.read().prompts)
        needs = partial(character_needs, character=self.recipe, n_prompts=prompts, passes=self.accumulate)
        return self.model.cost_of(needs, n_tokens)
