"""How many GPUs hold a model that is divided by whole blocks, and how much lies on the fullest of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from eudaimon.train.needs.machine import Machine

RUNTIME_GB = 1.5
"""What CUDA and its libraries hold on a GPU before the first tensor."""


@dataclass(frozen=True)
class Held:
    """What a piece of work holds, in GB: in each of so many layers, before the first and behind the last.

    ``back`` is what the last GPU sends back to the first where these are two: the logits.
    """

    layers: int
    a_layer: float
    first: float
    last: float
    back: float

    @property
    def total_gb(self) -> float:
        """All of it on one device."""
        return self.layers * self.a_layer + self.first + self.last


def divide(held: Held, machine: Machine) -> tuple[int, float]:
    """The least GPUs that hold it, and the GB on the fullest of them, CUDA's own among them.

    Where no number of them does, because the first or the last holds too much alone, a GPU for each layer.
    """
    room = machine.usable * machine.memory_gb
    for gpus in range(1, held.layers + 1):
        fullest = max(_shares(held, gpus)) + RUNTIME_GB
        if fullest <= room:
            break
    return gpus, fullest


def _shares(held: Held, gpus: int) -> list[float]:
    """GB on each GPU, as accelerate balances blocks: one more on those between the first and the last."""
    if gpus == 1:
        return [held.total_gb]
    even = math.ceil(held.layers / gpus)
    rest = held.layers - even
    blocks = [even]
    for _ in range(gpus - 2):
        blocks.append(min(even + 1, rest))
        rest -= blocks[-1]
    blocks.append(rest)
    shares = [n * held.a_layer for n in blocks]
    shares[0] += held.first + held.back
    shares[-1] += held.last
    return shares
