"""Small heads on frozen features: the questions that they answer, and how probable each answer is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from jaxtyping import Float

from eudaimon.core.identity import short_hash
from eudaimon.curate.taxonomy import STANCES, SUBJECTS, WORST

Kind = Literal["binary", "ordinal", "classes", "traits"]
ANY = "any"
"""The head that says how probable any harm is, of whichever category."""
Outputs: TypeAlias = Mapping[str, Float[np.ndarray, "n outputs"]]
"""What heads say, by their names: see `Head`."""


@dataclass(frozen=True)
class Head:
    """One question that the heads answer: its name, its kind, and the names of its outputs.

    ``binary``: a probability for each output. ``ordinal``: output k is the probability of more than k.
    ``classes``: probabilities that sum to 1. ``traits``: a value in [-2, 2] for each.
    """

    name: str
    kind: Kind
    outputs: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Heads:
    """One hidden layer, or none, over standardised features, and the outputs of all heads side by side.

    ``hidden`` is the weight ``[h, features]`` and bias ``[h]`` of the hidden layer, None for linear heads;
    ``weight`` is ``[outputs, h or features]``. ``temperature`` divides the outputs, one value an output.
    """

    heads: tuple[Head, ...]
    mean: Float[np.ndarray, " features"]
    scale: Float[np.ndarray, " features"]
    hidden: tuple[Float[np.ndarray, "h features"], Float[np.ndarray, " h"]] | None
    weight: Float[np.ndarray, "outputs inner"]
    bias: Float[np.ndarray, " outputs"]
    temperature: Float[np.ndarray, " outputs"]

    @property
    def hash(self) -> str:
        """16 hex digits over all weights and names."""
        names = [[head.name, head.kind, list(head.outputs)] for head in self.heads]
        return short_hash([names, {k: short_hash(v.tobytes()) for k, v in self.tensors().items()}])

    def tensors(self) -> dict[str, np.ndarray]:
        """All weights by name, float32."""
        found = {
            "mean": self.mean,
            "scale": self.scale,
            "weight": self.weight,
            "bias": self.bias,
            "temperature": self.temperature,
        }
        if self.hidden is not None:
            found |= {"hidden_weight": self.hidden[0], "hidden_bias": self.hidden[1]}
        return {name: np.ascontiguousarray(value, dtype=np.float32) for name, value in found.items()}

    def logits(self, features: Float[np.ndarray, "n features"]) -> Float[np.ndarray, "n outputs"]:
        """The outputs before any temperature."""
        inner = (features.astype(np.float32) - self.mean) / self.scale
        if self.hidden is not None:
            inner = np.maximum(inner @ self.hidden[0].T + self.hidden[1], 0.0)
        return np.asarray(inner @ self.weight.T + self.bias)

    def outputs(self, features: Float[np.ndarray, "n features"]) -> dict[str, np.ndarray]:
        """What every head says of each row, NaN throughout where features are not finite."""
        finite = np.asarray(np.isfinite(features.astype(np.float32)).all(axis=1))
        scaled = self.logits(np.where(finite[:, None], features, 0)) / self.temperature
        found: dict[str, np.ndarray] = {}
        place = 0
        for head in self.heads:
            z = scaled[:, place : place + len(head.outputs)].astype(np.float64)
            place += len(head.outputs)
            found[head.name] = np.where(finite[:, None], _said(head.kind, z), np.nan)
        return found


def known_heads() -> tuple[Head, ...]:
    """All heads that labels can teach, in the order of their outputs."""
    from eudaimon.curate.taxonomy import TRAITS
    from eudaimon.data.taxonomy import categories

    return (
        Head("harm", "binary", tuple(categories())),
        Head(ANY, "binary", (ANY,)),
        Head("hazard", "binary", ("hazard",)),
        Head("severity", "ordinal", tuple(f"over {k}" for k in range(WORST))),
        Head("stance", "classes", STANCES),
        Head("frame", "classes", STANCES),
        Head("subject", "classes", SUBJECTS),
        Head("traits", "traits", TRAITS),
    )


def _said(kind: Kind, z: Float[np.ndarray, "n outputs"]) -> Float[np.ndarray, "n outputs"]:
    if kind == "classes":
        z = np.exp(z - z.max(axis=1, keepdims=True))
        return np.asarray(z / z.sum(axis=1, keepdims=True))
    if kind == "traits":
        return np.asarray(2 * np.tanh(z))
    shares = 1 / (1 + np.exp(-np.clip(z, -60, 60)))
    # More than k is never surer than more than k - 1.
    return np.minimum.accumulate(shares, axis=1) if kind == "ordinal" else np.asarray(shares)
