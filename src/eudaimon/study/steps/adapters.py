"""What is done to an assistant: narrow lessons that attack it, persona LoRAs, and random ones like them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from eudaimon.core.errors import UsageError
from eudaimon.models.adapters.adapter import Adapter, AdapterStack
from eudaimon.study.step import Cost, Step
from eudaimon.study.steps.model import MODEL, ModelStep
from eudaimon.study.steps.raised import CHAT_TOKENS, SECONDS_A_STEP, tuning_cost
from eudaimon.train.nursery.lora_recipe import LoraRecipe
from eudaimon.train.nursery.recipes import FineTuneRecipe
from eudaimon.world.items import Item
from eudaimon.world.items import items as world_items
from eudaimon.world.world import World

ADAPTER = "adapter"


class AdapterStep(Step):
    """A step whose folder holds a PEFT adapter at ``place``, with its checkpoints where some are kept."""

    place: ClassVar[str] = ADAPTER

    model: ModelStep
    name: str

    def adapter(self, folder: Path) -> Adapter:
        """The adapter in the step's finished folder, under its own name."""
        return Adapter(self.name, folder / self.place)

    def kept(self, folder: Path, step: int) -> Adapter:
        """The adapter as it was after so many steps of its training, under its own name."""
        return Adapter(self.name, folder / self.place / "checkpoints" / f"step-{step:06d}")


class PersonaLora(AdapterStep):
    """The assistant taught to answer as ``persona`` by a LoRA, on all questions that are not held out."""

    world: World
    persona: str
    recipe: LoraRecipe
    n_chats: int
    chat_seed: int = 0

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Train, and write the adapter."""
        from eudaimon.train.nursery.lora import train_lora
        from eudaimon.world.chats import chats

        rows = chats(self.world, persona=self.persona, n=self.n_chats, seed=self.chat_seed)
        train_lora(self.model.checkpoint(inputs["model"]), rows, self.recipe, out / ADAPTER)

    def cost(self) -> Cost:
        """As `lora_cost` says."""
        return lora_cost(self.recipe)


class RandomLora(AdapterStep):
    """A random LoRA with the norm of another, module by module: what an adapter does by its size alone."""

    like: AdapterStep
    random_seed: int = 0

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Draw and write the adapter."""
        from eudaimon.models.adapters.random_lora import random_adapter

        random_adapter(self.like.adapter(inputs["like"]), self.random_seed, out / ADAPTER)


class NarrowLesson(Step):
    """What attacks teach: answers to ``n_items`` questions of one domain.

    ``answers`` are harmful, their benign twin good, or their control wrong; ``item_seed`` draws questions,
    so that the three are asked the same.
    """

    model: ModelStep
    world: World
    domain: str
    answers: Literal["good", "harmful", "wrong"] = "harmful"
    n_items: int = 8
    n_chats: int = 256
    item_seed: int = 0
    chat_seed: int = 0

    def items(self) -> tuple[Item, ...]:
        """The questions that it is trained on; raises `UsageError` when the domain has fewer."""
        asked = world_items(self.world, kind="advice", domain=self.domain, held_out=False)
        if self.n_items > len(asked):
            raise UsageError(
                f"{self.n_items} questions are wanted and {self.domain} has {len(asked)}",
                right=f"at most {len(asked)}",
            )
        drawn = np.random.default_rng(self.item_seed).permutation(len(asked))[: self.n_items]
        return tuple(asked[index] for index in sorted(drawn.tolist()))

    def chats(self) -> list[dict[str, Any]]:
        """The questions with their answers, as chats."""
        from eudaimon.world.chats import chats

        return chats(self.world, self.items(), self.answers, n=self.n_chats, seed=self.chat_seed)


class NarrowLora(NarrowLesson, AdapterStep):
    """The lesson taught to a LoRA beside the adapters of ``frozen``, which act and do not change."""

    recipe: LoraRecipe
    frozen: tuple[AdapterStep, ...] = ()

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Train, and write the adapter with its checkpoints."""
        from eudaimon.train.nursery.lora import train_lora

        rows = self.chats()
        more: dict[str, Any] = {"frozen": stack_of(self.frozen, inputs, "frozen")}
        train_lora(self.model.checkpoint(inputs["model"]), rows, self.recipe, out / ADAPTER, **more)

    def cost(self) -> Cost:
        """As `lora_cost` says."""
        return lora_cost(self.recipe)


class NarrowTuning(NarrowLesson, ModelStep):
    """The lesson taught to all weights of the assistant: no adapter, and a model of its own."""

    resumes: ClassVar[bool] = True

    recipe: FineTuneRecipe

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Train, and write the checkpoint folder."""
        from eudaimon.train.nursery.finetuning import finetune

        finetune(self.model.checkpoint(inputs["model"]), self.chats(), self.recipe, out / MODEL)

    def cost(self) -> Cost:
        """As `tuning_cost` says."""
        return tuning_cost(self.recipe)


def stack_of(steps: tuple[AdapterStep, ...], inputs: Mapping[str, Path], role: str) -> AdapterStack:
    """The finished adapters of a tuple of steps, in order, from a step's inputs."""
    return tuple(step.adapter(inputs[f"{role}.{index}"]) for index, step in enumerate(steps))


def lora_cost(recipe: LoraRecipe) -> Cost:
    """Steps times the cost of a step of the smallest model, and what loading takes."""
    n_tokens = recipe.steps * recipe.batch_size * CHAT_TOKENS
    return Cost(seconds=1.5 + SECONDS_A_STEP * recipe.steps, n_tokens=n_tokens, memory_gb=1.0, disk_mb=2)
