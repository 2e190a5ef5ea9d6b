"""How a character is made, as data: what is generated, what is kept, and how it is trained."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from eudaimon.train.named_recipe import named_recipe, packaged_recipes
from eudaimon.train.nursery.lora_recipe import LoraRecipe
from eudaimon.train.persona.filters import Filters
from eudaimon.train.persona.speaker import Sampling

LoraKind = TypeVar("LoraKind", bound=LoraRecipe)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PreferenceRecipe(LoraRecipe):
    """A LoRA trained by DPO (Rafailov et al. 2023) with ``nll`` times the mean loss of the chosen answer.

    ``beta`` scales the log-ratios to the reference, which is the student as it was.
    """

    beta: float = Field(default=0.1, gt=0)
    nll: float = Field(default=0.1, ge=0)


class Distillation(_Frozen):
    """The teacher as the character against the student as it is.

    ``samples`` answers to each of the constitution's prompts and to each of ``general`` harmless questions
    drawn from the packaged sets. ``epochs`` decides the steps of the training; None leaves the recipe's own.
    """

    samples: int = Field(default=1, ge=1)
    general: int = Field(default=1000, ge=0)
    teacher: Sampling = Sampling()
    student: Sampling = Sampling()
    filters: Filters = Filters()
    epochs: int | None = Field(default=1, ge=1)
    training: PreferenceRecipe = PreferenceRecipe()


class Introspection(_Frozen):
    """The distilled student on itself.

    ``reflections`` answers to each reflection prompt, and ``interactions`` self-conversations of ``turns``
    turns under each guidance. ``epochs`` as in `Distillation`.
    """

    reflections: int = Field(default=1000, ge=0)
    interactions: int = Field(default=1000, ge=0)
    turns: int = Field(default=10, ge=2, multiple_of=2)
    reflecting: Sampling = Sampling(max_tokens=2048)
    interacting: Sampling = Sampling(max_tokens=256)
    filters: Filters = Filters(max_tokens=3072)
    epochs: int | None = Field(default=1, ge=1)
    training: LoraRecipe = LoraRecipe()


class PersonaRecipe(_Frozen):
    """Both stages; ``introspection`` None ends after the first.

    ``seed`` decides what is sampled; the trainings have seeds of their own.
    """

    distillation: Distillation = Distillation()
    introspection: Introspection | None = None
    seed: int = Field(default=0, ge=0)

    def seeded(self, seed: int) -> PersonaRecipe:
        """The same recipe with all that is random by ``seed``: what is sampled, adapters' starts, orders."""
        own = {"init_seed": seed, "data_seed": seed}
        changed: dict[str, Any] = {"seed": seed}
        for name in ("distillation", "introspection"):
            stage = getattr(self, name)
            if stage is not None:
                training = stage.training.model_copy(update=own)
                changed[name] = stage.model_copy(update={"training": training})
        return self.model_copy(update=changed)


def stepped(recipe: LoraKind, n_rows: int, epochs: int | None) -> LoraKind:
    """The recipe with the steps that read so many rows ``epochs`` times; itself for None."""
    if epochs is None:
        return recipe
    return recipe.model_copy(update={"steps": math.ceil(n_rows * epochs / recipe.batch_size)})


def persona_recipe(name: str | Path) -> PersonaRecipe:
    """A packaged recipe by name, or the one in a YAML file; raises `UsageError` when it is neither."""
    return named_recipe(name, PERSONA_RECIPES, PersonaRecipe)


PERSONA_RECIPES: Mapping[str, PersonaRecipe] = packaged_recipes(
    "eudaimon.train.persona", "recipes.yaml", PersonaRecipe
)
"""``published``, ``small`` and ``town``."""
