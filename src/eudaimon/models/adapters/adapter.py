"""One LoRA as a value: its name, its folder, its weight, and a fingerprint of what is in the folder."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

from eudaimon.core import UsageError, short_hash
from eudaimon.core.files import read_json

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
NAME = re.compile(r"[A-Za-z0-9_-]+")
# Written by whoever saved the adapter and without effect on what it computes once it is loaded.
VOLATILE = (
    "base_model_name_or_path", "inference_mode", "peft_version", "revision", "auto_mapping", "task_type",
    "init_lora_weights",
)  # fmt: skip
# A LoRA with one of these is no sum that can be weighted, taken away or stacked.
NOT_PLAIN = (
    "use_dora", "lora_bias", "modules_to_save", "target_parameters", "trainable_token_indices",
    "layer_replication", "alora_invocation_tokens", "use_qalora", "megatron_config", "velora_config",
    "monteclora_config", "use_bdlora", "arrow_config", "kasa_config",
)  # fmt: skip
PLAIN_INITS = (True, False, "gaussian")


@dataclass(frozen=True)
class Adapter:
    """A PEFT LoRA in a folder, acting with ``weight`` times its own strength (0 is off, 1 as trained).

    ``fingerprint`` is 16 hex digits over config and weights, read from the folder unless it is given; two
    adapters are equal when name, weight and fingerprint are, wherever they lie. Raises `UsageError` for a
    bad name, a negative weight, or a folder that holds no plain LoRA in safetensors.
    """

    name: str
    folder: Path = field(compare=False)
    weight: float = 1.0
    fingerprint: str = ""

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise UsageError(f"{self.name!r} is no name for an adapter", right="letters, digits, - and _")
        if not (math.isfinite(self.weight) and self.weight >= 0):
            raise UsageError(f"adapter {self.name} has weight {self.weight}", right="0 (off) or more")
        object.__setattr__(self, "folder", Path(self.folder))
        object.__setattr__(self, "weight", float(self.weight))
        if not self.fingerprint:
            object.__setattr__(self, "fingerprint", fingerprint(self.folder))

    @property
    def identity(self) -> str:
        """The fingerprint, with the weight behind it where that is not 1: what a binding records."""
        return self.fingerprint if self.weight == 1 else f"{self.fingerprint}*{self.weight!r}"

    def weighted(self, weight: float) -> Adapter:
        """The same adapter with another weight."""
        return replace(self, weight=weight)

    def to_json(self) -> dict[str, Any]:
        """The adapter as a JSON object; `from_json` reads it."""
        return {
            "name": self.name,
            "folder": str(self.folder),
            "weight": self.weight,
            "fingerprint": self.fingerprint,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Adapter:
        """The adapter that `to_json` wrote; the folder is not read."""
        return cls(value["name"], Path(value["folder"]), value["weight"], value["fingerprint"])


AdapterStack: TypeAlias = tuple[Adapter, ...]
"""Adapters that act together, in order. The order does not change the logits; it is part of the identity."""


def as_stack(adapters: Sequence[Adapter]) -> AdapterStack:
    """The adapters as a stack; raises `UsageError` when a name or an adapter stands in it twice."""
    for what in ("name", "fingerprint"):
        seen = [getattr(adapter, what) for adapter in adapters]
        twice = sorted({value for value in seen if seen.count(value) > 1})
        if twice:
            raise UsageError(
                f"{what} {twice[0]} is in the stack twice",
                right="each adapter stands in a stack once",
                do="Adapter(..., weight=2.0)",
            )
    return tuple(adapters)


def fingerprint(folder: Path) -> str:
    """16 hex digits over the LoRA in a folder: its settings, and name, type, shape and bytes of each tensor.

    Raises `UsageError` when the folder holds no plain LoRA in safetensors.
    """
    # Settings that are off are left out: each version of PEFT writes a few more of them.
    settings = {key: value for key, value in read_config(folder).items() if value and key not in VOLATILE}
    if isinstance(settings.get("target_modules"), list):
        # A set in PEFT: its order in the file is an accident of the process that wrote it.
        settings["target_modules"] = sorted(settings["target_modules"])
    digest = hashlib.sha256(short_hash(settings).encode())
    data = (folder / WEIGHTS).read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    try:
        tensors = json.loads(data[8:start])
    except ValueError as error:
        raise UsageError(f"{folder / WEIGHTS} is not a whole safetensors file") from error
    tensors.pop("__metadata__", None)
    for name in sorted(tensors):
        first, last = tensors[name]["data_offsets"]
        digest.update(f"{name} {tensors[name]['dtype']} {tensors[name]['shape']}".encode())
        digest.update(data[start + first : start + last])
    return digest.hexdigest()[:16]


def read_config(folder: Path) -> dict[str, Any]:
    """The settings of the LoRA in a folder; raises `UsageError` when it holds no plain LoRA."""
    missing = [name for name in (CONFIG, WEIGHTS) if not (folder / name).is_file()]
    if missing:
        raise UsageError(
            f"{folder} has no {missing[0]}", right="an adapter is a folder that PEFT's save_pretrained wrote"
        )
    try:
        config: dict[str, Any] = dict(read_json(folder / CONFIG))
    except (ValueError, TypeError) as error:
        raise UsageError(f"{folder / CONFIG} is no JSON object: {error}") from error
    require_plain(config, str(folder))
    return config


def require_plain(config: dict[str, Any], what: str) -> None:
    """Nothing when the settings are those of a plain LoRA; raises `UsageError` that names the other kind."""
    kind = getattr(config.get("peft_type"), "value", config.get("peft_type"))
    odd = [key for key in NOT_PLAIN if config.get(key)]
    if config.get("bias", "none") != "none":
        odd.append("bias")
    if config.get("init_lora_weights", True) not in PLAIN_INITS:
        # PiSSA, OLoRA and their kin change the base's weights when they start.
        odd.append(f"init_lora_weights={config['init_lora_weights']}")
    if kind != "LORA" or odd:
        raise UsageError(
            f"{what} is not a plain LoRA: it is {kind}" + (f" with {', '.join(odd)}" if odd else ""),
            right="a stack is a sum of low-rank updates and of nothing else",
        )
