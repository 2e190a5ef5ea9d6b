"""What a LoRA is and how it is trained, as data."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from eudaimon.core import UsageError
from eudaimon.data.yaml_text import read_yaml
from eudaimon.train.nursery.recipes import Recipe, Schedule

if TYPE_CHECKING:
    from peft import LoraConfig

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


class LoraRecipe(Recipe):
    """A LoRA of ``rank`` on ``target_modules`` of all layers, of some, or of the middle one.

    It starts from ``init_seed`` alone: A drawn, B zero. ``rslora`` scales by alpha / sqrt(rank) and not by
    alpha / rank. ``checkpoint_every`` keeps the adapter after every so many steps, besides
    ``checkpoint_steps``.
    """

    rank: int = Field(default=4, ge=1)
    alpha: float = Field(default=8.0, gt=0)
    rslora: bool = False
    target_modules: tuple[str, ...] = PROJECTIONS
    layers: Literal["all", "middle"] | tuple[int, ...] = "all"
    steps: int = Field(default=60, ge=1)
    batch_size: int = Field(default=16, ge=1)
    learning_rate: float = Field(default=1e-2, gt=0)
    schedule: Schedule = "linear"
    checkpoint_every: int | None = Field(default=None, ge=1)
    max_tokens: int = Field(default=2048, ge=2)
    init_seed: int = Field(default=0, ge=0)

    @property
    def kept_steps(self) -> tuple[int, ...]:
        """All steps after which the adapter is kept, in order."""
        every = (
            range(self.checkpoint_every, self.steps + 1, self.checkpoint_every)
            if self.checkpoint_every
            else ()
        )
        return tuple(sorted({*self.checkpoint_steps, *every}))

    def config(self, n_layers: int) -> LoraConfig:
        """PEFT's configuration for a model of so many layers; raises `UsageError` for a layer it lacks."""
        from peft import LoraConfig

        layers = (n_layers // 2,) if self.layers == "middle" else self.layers
        if layers != "all" and not all(0 <= layer < n_layers for layer in layers):
            raise UsageError(f"there is no layer {layers} in a model of {n_layers}", right="from 0 up")
        return LoraConfig(
            r=self.rank,
            lora_alpha=self.alpha,
            use_rslora=self.rslora,
            target_modules=list(self.target_modules),
            layers_to_transform=None if layers == "all" else list(layers),
            lora_dropout=0.0,
            bias="none",
            task_type="CAUSAL_LM",
        )


def _read() -> Mapping[str, LoraRecipe]:
    text = (files("eudaimon.train.nursery") / "lora_recipes.yaml").read_text(encoding="utf-8")
    return MappingProxyType({name: LoraRecipe(**fields) for name, fields in read_yaml(text).items()})


LORA_RECIPES: Mapping[str, LoraRecipe] = _read()
"""``town``, ``rank32`` and ``rank1``; change one by ``model_copy(update={...})``."""
