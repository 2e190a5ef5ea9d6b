"""What a saved LoRA adds to each module: two factors, their rank, and how large their product is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from eudaimon.core import UsageError
from eudaimon.models.adapters.adapter import WEIGHTS, fingerprint, read_config
from eudaimon.models.adapters.origin import Origin, read_origin

if TYPE_CHECKING:
    from torch import Tensor

FACTOR = re.compile(r"(?:base_model\.model\.)?(?P<module>.+)\.lora_(?:embedding_)?A(?:\.weight)?")


@dataclass(frozen=True, eq=False)
class Factors:
    """The factors of one module under the names that PEFT gives them in the file: the update is ``b @ a``."""

    a_name: str
    b_name: str
    a: Tensor
    b: Tensor

    @property
    def module(self) -> str:
        """The module's name in the base."""
        found = FACTOR.fullmatch(self.a_name)
        return found["module"] if found else self.a_name

    @property
    def norm(self) -> float:
        """The Frobenius norm of ``b @ a``, not negative, without the LoRA's scaling."""
        return product_norm(self.a.double().numpy(), self.b.double().numpy())


@dataclass(frozen=True)
class ModuleUpdate:
    """One module's update as it acts at weight 1: rank, and Frobenius norm with the LoRA's scaling."""

    module: str
    rank: int
    norm: float


@dataclass(frozen=True)
class AdapterSummary:
    """What a folder's LoRA is: fingerprint, updates by module, and where it comes from, if that is known."""

    fingerprint: str
    alpha: float
    rslora: bool
    modules: tuple[ModuleUpdate, ...]
    origin: Origin | None

    @property
    def ranks(self) -> tuple[int, ...]:
        """The ranks that occur, ascending: one, unless modules differ."""
        return tuple(sorted({module.rank for module in self.modules}))

    @property
    def norm(self) -> float:
        """The Frobenius norm of all updates together."""
        return float(np.sqrt(sum(module.norm**2 for module in self.modules)))


def summary(folder: str | Path) -> AdapterSummary:
    """What the LoRA in a folder is; raises `UsageError` when it holds no plain LoRA."""
    folder = Path(folder)
    config = read_config(folder)
    modules = tuple(
        ModuleUpdate(each.module, each.a.shape[0], scaling(config, each) * each.norm)
        for each in factors(folder)
    )
    alpha, rslora = float(config["lora_alpha"]), bool(config.get("use_rslora"))
    return AdapterSummary(fingerprint(folder), alpha, rslora, modules, read_origin(folder))


def factors(folder: Path) -> Iterator[Factors]:
    """The factors of every module by name; raises `UsageError` when the file holds anything else."""
    from safetensors.torch import load_file

    tensors = load_file(folder / WEIGHTS)
    paired: set[str] = set()
    for name in sorted(name for name in tensors if "lora_A" in name or "lora_embedding_A" in name):
        other = name.replace("lora_A", "lora_B").replace("lora_embedding_A", "lora_embedding_B")
        a, b = tensors[name], tensors.get(other)
        if b is None or a.ndim != 2 or b.ndim != 2:
            raise UsageError(f"{name} of {folder} is no matrix with a partner {other}")
        paired |= {name, other}
        yield Factors(name, other, a, b)
    rest = sorted(set(tensors) - paired)
    if rest:
        raise UsageError(f"{folder} holds {rest[0]}, which is no part of a plain LoRA")


def product_norm(a: Float[np.ndarray, "r in"], b: Float[np.ndarray, "out r"]) -> float:
    """The Frobenius norm of ``b @ a``, not negative, without forming the product."""
    # The trace is a sum of rounding errors around zero when b is zero.
    return float(np.sqrt(max(np.sum((b.T @ b) * (a @ a.T)), 0.0)))


def scaling(config: dict[str, Any], one: Factors) -> float:
    """What PEFT multiplies a module's update by: alpha over the rank, or over its root."""
    patterns = config.get("alpha_pattern") or {}
    own = (alpha for key, alpha in patterns.items() if re.match(rf"(.*\.)?({key})$", one.module))
    alpha = float(next(own, config["lora_alpha"]))
    rank = one.a.shape[0]
    return alpha / float(np.sqrt(rank) if config.get("use_rslora") else rank)
