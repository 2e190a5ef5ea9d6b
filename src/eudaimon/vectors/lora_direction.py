"""The direction that a LoRA itself writes: its column of B at rank 1, else the strongest of its update."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

if TYPE_CHECKING:
    from eudaimon.models.adapters.adapter import Adapter

WRITERS = ("down_proj", "o_proj", "out_proj", "c_proj", "dense_4h_to_h", "dense", "fc2", "w2")
"""Names of the projections that write into the residual stream, in the architectures that are known here."""


@dataclass(frozen=True, eq=False)
class LoraDirection:
    """What one module's update does most: ``vector`` out for ``reads`` in, both of length 1.

    ``norm`` is the update's largest singular value with the LoRA's scaling, ``share`` that value's square
    over the sum of all squares: 1 at rank 1, where ``vector`` is B's column and ``reads`` is A's row. Which
    of the two signs they have together means nothing.
    """

    module: str
    vector: Float[np.ndarray, "out"]
    reads: Float[np.ndarray, "in"]
    norm: float
    share: float
    rank: int


def lora_directions(folder: str | Path) -> tuple[LoraDirection, ...]:
    """The strongest direction of every module of the LoRA in a folder, by module name; as `summary` raises.

    Modules whose update is zero are left out.
    """
    return tuple(_directions(Path(folder)))


def residual_direction(adapter: Adapter, layer: int) -> LoraDirection | None:
    """The strongest direction that a LoRA writes into the residual stream at block ``layer``, counted from 1.

    None where none of its modules writes there.
    """
    wanted = layer - 1
    own = [
        found
        for found in lora_directions(adapter.folder)
        if found.module.rpartition(".")[2] in WRITERS and _block(found.module) == wanted
    ]
    return max(own, key=lambda found: found.norm, default=None)


def _block(module: str) -> int:
    """The number of the block that a module's name says it is in; -1 where it says none."""
    numbers = [int(part) for part in module.split(".") if part.isdigit()]
    return numbers[0] if numbers else -1


def _directions(folder: Path) -> Iterator[LoraDirection]:
    from eudaimon.models.adapters.adapter import read_config
    from eudaimon.models.adapters.updates import factors, scaling

    config = read_config(folder)
    for each in factors(folder):
        a, b = each.a.double().numpy(), each.b.double().numpy()
        # The singular values of b @ a without forming it: QR of both, then those of the small product.
        q, r = np.linalg.qr(b)
        p, s = np.linalg.qr(a.T)
        left, values, right = np.linalg.svd(r @ s.T)
        if values[0] > 0:
            yield LoraDirection(
                each.module,
                (q @ left[:, 0]).astype(np.float32),
                (p @ right[0]).astype(np.float32),
                float(values[0] * scaling(config, each)),
                float(values[0] ** 2 / (values**2).sum()),
                int(a.shape[0]),
            )
