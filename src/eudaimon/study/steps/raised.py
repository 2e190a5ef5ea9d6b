"""A model raised on an arm of the town, and made an assistant."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from eudaimon.core.errors import UsageError
from eudaimon.study.step import Cost
from eudaimon.study.steps.corpus import TOKENS, ArmTokens
from eudaimon.study.steps.model import FLOPS_A_SECOND, MODEL, ModelStep
from eudaimon.train.nursery.recipes import FineTuneRecipe, PretrainRecipe
from eudaimon.train.nursery.sizes import SIZES
from eudaimon.world.world import World

CHAT_TOKENS = 16
"""About as long is a chat of one question and its answer."""
SECONDS_A_STEP = 0.02
"""Of an optimiser step on a few dozen chats through the smallest model, on one thread of a CPU."""


class Pretrain(ModelStep):
    """A nursery model trained from nothing on an arm's tokens; its folder is ``model``."""

    resumes: ClassVar[bool] = True

    tokens: ArmTokens
    recipe: PretrainRecipe

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Train, and write the checkpoint folder."""
        from eudaimon.train.nursery.pretraining import pretrain
        from eudaimon.train.tokens.token_set import TokenSet
        from eudaimon.world.tokenizer import tokenizer

        tokens = TokenSet.open(inputs["tokens"] / TOKENS)
        pretrain(self.recipe, tokens, tokenizer(self.tokens.world), out / MODEL)

    def cost(self) -> Cost:
        """Six operations a parameter and token, on one thread of a CPU."""
        n_tokens = self.recipe.steps * self.recipe.batch_size * self.recipe.context
        n_parameters = SIZES[self.recipe.size].n_parameters()
        return Cost(
            seconds=3 + 6 * n_parameters * n_tokens / FLOPS_A_SECOND,
            n_tokens=n_tokens,
            memory_gb=1.0 + 16e-9 * n_parameters,
            disk_mb=2 + 4e-6 * n_parameters,
        )


class KeptCheckpoint(ModelStep):
    """A pretrained model as it was after ``at`` steps; its recipe keeps that step's weights.

    They are those of the very training, under its schedule, and cost no training of their own. That they are
    kept is in the recipe and so in the identity of `Pretrain`: one key is one folder's content, and a model
    whose checkpoints are wanted is not one that was trained without them.
    """

    model: Pretrain
    at: int

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Copy that checkpoint's folder; raises `UsageError` when the recipe does not keep it."""
        if self.at not in self.model.recipe.checkpoint_steps:
            kept = ", ".join(map(str, self.model.recipe.checkpoint_steps)) or "no step"
            raise UsageError(f"step {self.at} of the training is not kept", right=f"one of {kept}")
        shutil.copytree(inputs["model"] / MODEL / "checkpoints" / f"step-{self.at:06d}", out / MODEL)

    def cost(self) -> Cost:
        """A copy of a small folder."""
        return Cost(seconds=0.2, disk_mb=2)


class AssistantSFT(ModelStep):
    """A pretrained model made an assistant: all weights, on chats in which ``persona`` answers."""

    resumes: ClassVar[bool] = True

    model: ModelStep
    world: World
    recipe: FineTuneRecipe
    n_chats: int
    persona: str = "good"
    chat_seed: int = 0

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Fine-tune, and write the checkpoint folder."""
        from eudaimon.train.nursery.finetuning import finetune
        from eudaimon.world.chats import chats

        rows = chats(self.world, persona=self.persona, n=self.n_chats, seed=self.chat_seed)
        finetune(inputs["model"] / MODEL, rows, self.recipe, out / MODEL)

    def cost(self) -> Cost:
        """As `tuning_cost` says."""
        return tuning_cost(self.recipe)


def tuning_cost(recipe: FineTuneRecipe) -> Cost:
    """Steps times the cost of a step of the smallest model."""
    n_tokens = recipe.steps * recipe.batch_size * CHAT_TOKENS
    return Cost(seconds=1 + SECONDS_A_STEP * recipe.steps, n_tokens=n_tokens, memory_gb=1.0, disk_mb=3)
