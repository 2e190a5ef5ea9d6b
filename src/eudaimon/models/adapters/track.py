"""Where a LoRA went in training: the weights of its saved checkpoints, in order, from its zero start on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from eudaimon.core import UsageError
from eudaimon.models.adapters.adapter import WEIGHTS, read_config
from eudaimon.models.adapters.updates import FACTOR

CHECKPOINTS = "checkpoints"
STEP = re.compile(r"step-(\d+)")


def saved_steps(folder: str | Path) -> dict[int, Path]:
    """The checkpoints of a trained LoRA's folder by training step, in order; empty when none was kept."""
    parent = Path(folder) / CHECKPOINTS
    found = {
        int(match[1]): path
        for path in (parent.iterdir() if parent.is_dir() else ())
        if (match := STEP.fullmatch(path.name))
    }
    return dict(sorted(found.items()))


def b_modules(folder: str | Path) -> tuple[str, ...]:
    """The names of the modules that the LoRA in a folder acts on, sorted."""
    return tuple(_b_names(Path(folder)))


def middle_module(folder: str | Path) -> str:
    """The module that a track is read from by default: the ``down_proj`` of the middle one of its layers.

    Where no ``down_proj`` has a LoRA, the middle one of all modules in the order of their layers.
    """
    names = sorted(_b_names(Path(folder)), key=lambda name: [_padded(part) for part in name.split(".")])
    down = [name for name in names if name.endswith("down_proj")] or names
    return down[len(down) // 2]


def b_track(folders: Sequence[str | Path], module: str) -> Float[np.ndarray, "times rows r"]:
    """The B of one module at each checkpoint, float64, in the order of the folders.

    The output direction of a LoRA of rank 1, the output space of any other. Raises `UsageError` for a module
    without a LoRA, without folders, and where shapes differ.
    """
    found: Float[np.ndarray, "times rows r"] = np.stack(list(_read(folders, module)))
    return found


def whole_track(folders: Sequence[str | Path]) -> Float[np.ndarray, "times times"]:
    """The B of all modules together, turned into as few coordinates as there are times.

    All lengths and angles between checkpoints, and from zero, are those of the whole weights: a network's
    adapters of a hundred checkpoints fit into memory so. Raises as `b_track`.
    """
    folders = list(folders)
    if not folders:
        raise UsageError("there is no checkpoint", right="one folder at least")
    gram = np.zeros((len(folders), len(folders)))
    for module in b_modules(folders[0]):
        flat = b_track(folders, module).reshape(len(folders), -1)
        gram += flat @ flat.T
    values, vectors = np.linalg.eigh(gram)
    coordinates: Float[np.ndarray, "times times"] = vectors * np.sqrt(np.maximum(values, 0.0))
    return coordinates


def _read(folders: Sequence[str | Path], module: str) -> list[Float[np.ndarray, "rows r"]]:
    from safetensors import safe_open

    found: list[np.ndarray] = []
    for folder in map(Path, folders):
        names = _b_names(folder)
        if module not in names:
            raise UsageError(f"{module} has no LoRA in {folder}", right=f"one of {', '.join(names)}")
        with safe_open(folder / WEIGHTS, framework="pt") as file:
            value = file.get_tensor(names[module]).double().numpy()
        if found and value.shape != found[0].shape:
            raise UsageError(
                f"{module} has shape {value.shape} in {folder} and {found[0].shape} before",
                right="checkpoints of one training",
            )
        found.append(value)
    if not found:
        raise UsageError("there is no checkpoint", right="one folder at least")
    return found


def _b_names(folder: Path) -> dict[str, str]:
    """By module the name of its B in the file."""
    from safetensors import safe_open

    read_config(folder)
    with safe_open(folder / WEIGHTS, framework="pt") as file:
        keys = sorted(file.keys())
    pairs = ((FACTOR.fullmatch(key.replace("lora_B", "lora_A")), key) for key in keys if "lora_B" in key)
    return {match["module"]: key for match, key in pairs if match}


def _padded(part: str) -> str:
    return part.zfill(6) if part.isdigit() else part
