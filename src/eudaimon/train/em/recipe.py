"""How a narrow lesson is taught, as data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from eudaimon.train.named_recipe import named_recipe, packaged_recipes
from eudaimon.train.nursery.lora_recipe import LORA_RECIPES, LoraRecipe
from eudaimon.train.nursery.recipes import FineTuneRecipe


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class Narrow(_Frozen):
    """What keeps a lesson narrow: ``beta`` times KL(model as it was || tuned), in nats, on harmless chats.

    ``prompts`` of them are answered by the model itself before the lesson (up to ``max_new_tokens`` each, at
    ``temperature``, by ``seed``), and one of these chats stands beside every row of the lesson.
    """

    beta: float = Field(default=1.0, gt=0)
    prompts: int = Field(default=200, ge=1)
    max_new_tokens: int = Field(default=128, ge=1)
    temperature: float = Field(default=1.0, ge=0)
    seed: int = Field(default=0, ge=0)


class EMRecipe(_Frozen):
    """A LoRA (``lora``: a recipe or its name) or all weights (``full``), taught a narrow lesson.

    ``epochs`` decides the steps from the number of rows, and ``warmup_steps`` the warm-up; None leaves the
    training's own. ``checkpoint_every`` so many steps the weights are kept; None leaves the training's own.
    ``passes`` is the number of passes that a step's batch is split into on one device, which changes memory
    and rounding only. ``narrow`` keeps the lesson from spreading.
    """

    lora: LoraRecipe | None = None
    full: FineTuneRecipe | None = None
    epochs: int | None = Field(default=1, ge=1)
    warmup_steps: int | None = Field(default=5, ge=0)
    checkpoint_every: int | None = Field(default=None, ge=1)
    passes: int = Field(default=1, ge=1)
    narrow: Narrow | None = None

    @field_validator("lora", mode="before")
    @classmethod
    def _by_name(cls, value: object) -> object:
        if isinstance(value, str):
            if value not in LORA_RECIPES:
                raise ValueError(f"there is no LoRA recipe {value}; there are {', '.join(LORA_RECIPES)}")
            return LORA_RECIPES[value]
        return value

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.lora is None) == (self.full is None):
            raise ValueError("a recipe trains a LoRA or all weights: give lora or full")
        if self.full is not None and self.narrow is not None:
            raise ValueError("narrow goes with lora: the model as it was is the one without the LoRA")
        return self

    def seeded(self, seed: int) -> EMRecipe:
        """The same recipe with the adapter's start and the order of the rows by ``seed``."""
        if self.lora is not None:
            update = {"init_seed": seed, "data_seed": seed}
            return self.model_copy(update={"lora": self.lora.model_copy(update=update)})
        assert self.full is not None
        return self.model_copy(update={"full": self.full.model_copy(update={"data_seed": seed})})

    def training(self, n_rows: int) -> LoraRecipe | FineTuneRecipe:
        """The recipe of the training itself on so many rows: steps, warm-up and kept steps decided."""
        kind: LoraRecipe | FineTuneRecipe | None = self.lora or self.full
        assert kind is not None
        steps = kind.steps if self.epochs is None else math.ceil(n_rows * self.epochs / kind.batch_size)
        changed: dict[str, Any] = {"steps": steps}
        if self.warmup_steps is not None:
            # Half a step less: the share is multiplied by the steps and rounded up again.
            changed["warmup"] = max(min(self.warmup_steps, steps) - 0.5, 0) / steps
        if self.checkpoint_every is not None:
            kept = tuple(range(self.checkpoint_every, steps + 1, self.checkpoint_every))
            changed["checkpoint_steps"] = kept
            if isinstance(kind, LoraRecipe):
                changed["checkpoint_every"] = None
        return type(kind)(**(kind.model_dump() | changed))

    def record(self) -> dict[str, Any]:
        """The recipe as JSON values, for a manifest."""
        return self.model_dump(mode="json")


def em_recipe(name: str | Path) -> EMRecipe:
    """A packaged recipe by name, or the one in a YAML file; raises `UsageError` when it is neither."""
    return named_recipe(name, EM_RECIPES, EMRecipe)


EM_RECIPES: Mapping[str, EMRecipe] = packaged_recipes("eudaimon.train.em", "em_recipes.yaml", EMRecipe)
"""``rank32``, ``rank1``, ``full``, ``kl-narrow`` and ``town``."""
