"""What is done in a training run, as frozen values: everything that can change the weights, nothing else."""

from __future__ import annotations

import math
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Schedule = Literal["cosine", "linear", "constant", "wsd"]
DECAY = 0.3
"""The share of the steps in which `wsd` lets the learning rate fall."""


class Recipe(BaseModel):
    """What every run has: steps, batches, AdamW with warm-up and a schedule, clipped gradients, seeds.

    ``batch_size`` is the number of rows behind one step, over all devices and accumulated passes together.
    ``warmup`` is the share of the steps in which the learning rate rises from zero. After it ``wsd`` (for
    warm-up, stable, decay) keeps the rate and lets it fall to zero in the last three tenths, so that what is
    learned late is still learned at the full rate (Hu et al. 2024, "MiniCPM"). ``checkpoint_steps`` are the
    steps after which the weights are kept. ``dtype`` is that of the products: ``auto`` is bfloat16 where the
    device has it and float32 elsewhere; the weights are float32 in any case.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())
    steps: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
    warmup: float = Field(default=0.05, ge=0, lt=1)
    schedule: Schedule = "cosine"
    weight_decay: float = Field(default=0.0, ge=0)
    betas: tuple[float, float] = (0.9, 0.999)
    max_gradient_norm: float = Field(default=1.0, gt=0)
    checkpoint_steps: tuple[int, ...] = ()
    data_seed: int = Field(default=0, ge=0)
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"

    @model_validator(mode="after")
    def _steps_that_exist(self) -> Self:
        outside = [step for step in self.checkpoint_steps if not 1 <= step <= self.steps]
        if outside:
            raise ValueError(f"checkpoint steps {outside} are not among the steps 1 to {self.steps}")
        return self

    @property
    def warmup_steps(self) -> int:
        """The number of steps in which the learning rate rises."""
        return math.ceil(self.warmup * self.steps)

    @property
    def decay_steps(self) -> int:
        """The number of steps at the end in which `wsd` lets the learning rate fall."""
        return min(math.ceil(DECAY * self.steps), self.steps - self.warmup_steps)

    def record(self) -> dict[str, Any]:
        """The recipe as JSON values, for a manifest."""
        return self.model_dump(mode="json")


class PretrainRecipe(Recipe):
    """A nursery model of a named size on rows of ``context`` tokens, from weights that ``init_seed`` draws.

    ``packing`` is the mode of `pack`: a document a row, several kept apart in a row, or one stream cut into
    rows. ``late_fraction``: the loss mask counts only from this share of the steps on (.9: in the last
    tenth); None means from the first step.
    ``initializer_range`` is the standard deviation of the first weights: small models learn sooner with more.
    """

    size: str = "0.1m"
    context: int = Field(default=64, ge=2)
    steps: int = Field(default=700, ge=1)
    batch_size: int = Field(default=128, ge=1)
    learning_rate: float = Field(default=4e-3, gt=0)
    weight_decay: float = Field(default=0.1, ge=0)
    betas: tuple[float, float] = (0.9, 0.95)
    packing: Literal["documents", "packed", "stream"] = "documents"
    late_fraction: float | None = Field(default=None, ge=0, le=1)
    initializer_range: float = Field(default=0.02, gt=0)
    init_seed: int = Field(default=0, ge=0)

    @property
    def mask_from_step(self) -> int:
        """The first step (from 0) whose loss leaves masked tokens out."""
        return math.ceil((self.late_fraction or 0.0) * self.steps - 1e-9)


class FineTuneRecipe(Recipe):
    """All weights on chats, loss on the assistant's tokens only; ``max_tokens`` bounds a chat's length."""

    steps: int = Field(default=100, ge=1)
    batch_size: int = Field(default=32, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0)
    max_tokens: int = Field(default=2048, ge=2)
