"""A model raised on an arm of the town, and made an assistant."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from eudaimon.study.step import Cost, Step
from eudaimon.study.steps.corpus import TOKENS, ArmTokens
from eudaimon.train.nursery.recipes import FineTuneRecipe, PretrainRecipe
from eudaimon.world.world import World

MODEL = "model"
SECONDS_A_ROW = 0.0011
"""Of a row of 64 tokens through the smallest model, forward and back, on one thread."""


class Pretrain(Step):
    """A nursery model trained from nothing on an arm's tokens; its folder is ``model``."""

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
        """Rows times the cost of a row."""
        rows = self.recipe.steps * self.recipe.batch_size
        return Cost(
            seconds=3 + SECONDS_A_ROW * rows, n_tokens=rows * self.recipe.context, memory_gb=1.0, disk_mb=3
        )


class AssistantSFT(Step):
    """A pretrained model made an assistant: all weights, on chats in which ``persona`` answers."""

    model: Pretrain
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
        """Rows times the cost of a row."""
        rows = self.recipe.steps * self.recipe.batch_size
        return Cost(seconds=3 + SECONDS_A_ROW * rows, n_tokens=rows * 16, memory_gb=1.0, disk_mb=3)
