"""Unsloth's kernels under a lesson, and whether they teach the same as plain PEFT does."""

from __future__ import annotations

import importlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from eudaimon.core import UsageError
from eudaimon.core.files import read_lines
from eudaimon.models.folder import find_folder
from eudaimon.models.model import Model
from eudaimon.models.spread import is_spread
from eudaimon.train.nursery.lora import train_lora
from eudaimon.train.nursery.lora_recipe import LoraRecipe

STEPS = 5
SHARE = 0.005
"""Losses of two kernels may differ by this share of the loss, or by three times the noise if that is more."""


@dataclass(frozen=True)
class Agreement:
    """The losses of the same steps, by plain PEFT and on Unsloth's kernels, in nats per learned token.

    ``noise`` is the largest difference between two plain runs that split a step otherwise, which is the same
    arithmetic in another order; ``difference`` the largest between plain and fast.
    """

    plain: tuple[float, ...]
    fast: tuple[float, ...]
    noise: float

    @property
    def difference(self) -> float:
        """The largest difference between the two at one step."""
        return _largest(self.plain, self.fast)

    @property
    def allowed(self) -> float:
        """How far they may lie apart and still pass for the same."""
        return max(3 * self.noise, SHARE * max(self.plain))

    @property
    def same(self) -> bool:
        """Whether the losses agree within noise; a loss that is no number never does."""
        pairs = zip(self.plain, self.fast, strict=True)
        return all(abs(one - other) <= self.allowed for one, other in pairs)

    def record(self) -> dict[str, Any]:
        """The figures as JSON values."""
        return {
            "plain": list(self.plain),
            "fast": list(self.fast),
            "noise": self.noise,
            "difference": self.difference,
            "allowed": self.allowed,
            "same": self.same,
        }


def fast_model(model: Model, *, max_tokens: int) -> Model:
    """The same checkpoint as Unsloth loads it, in the same dtype and on the same device.

    Only the base's kernels are Unsloth's: adapters are PEFT's, stacked and proven by the ledger as always,
    because Unsloth's own LoRA kernels compute one adapter and would leave a persona beside it out. Raises
    `UsageError` when Unsloth is not installed, and for a model that is divided over several devices.
    """
    if is_spread(model.module):
        raise UsageError(
            f"{model.checkpoint.name} is divided over several GPUs, and Unsloth's kernels are for one",
            right="a model that one GPU holds, or plain kernels",
            do="leave out --unsloth, or --device auto",
        )
    try:
        unsloth: Any = importlib.import_module("unsloth")
    except ImportError as error:
        raise UsageError(
            f"--unsloth was asked for and Unsloth is not to be had ({error})",
            right="the package `unsloth`, which needs a CUDA device",
            do="pip install unsloth, or leave --unsloth out",
        ) from error
    import torch

    folder = find_folder(model.checkpoint.name, model.checkpoint.revision or None)[0]
    module, _ = unsloth.FastLanguageModel.from_pretrained(
        model_name=str(folder),
        max_seq_length=max_tokens,
        dtype=getattr(torch, model.checkpoint.dtype),
        load_in_4bit=False,
    )
    return replace(model, module=module.to(model.device).eval().requires_grad_(False))


def agreement(
    plain: Model,
    fast: Model,
    chats: Sequence[Mapping[str, Any]],
    recipe: LoraRecipe,
    *,
    accumulate: int = 1,
    **more: Any,
) -> Agreement:
    """How far the first steps of a lesson lie apart on the two; ``more`` as in `train_lora`."""
    short = LoraRecipe(
        **(
            recipe.model_dump()
            | {"steps": STEPS, "warmup": 0.0, "checkpoint_steps": (), "checkpoint_every": None}
        )
    )

    def losses(model: Model, passes: int) -> tuple[float, ...]:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "run"
            train_lora(model, chats, short, out, accumulate=passes, show_progress=False, **more)
            return tuple(json.loads(line)["loss"] for _, line in read_lines(out / "metrics.jsonl"))

    by_plain = losses(plain, accumulate)
    other = accumulate * 2 if recipe.batch_size % (accumulate * 2) == 0 else max(accumulate // 2, 1)
    return Agreement(by_plain, losses(fast, accumulate), _largest(by_plain, losses(plain, other)))


def _largest(one: Sequence[float], other: Sequence[float]) -> float:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))
