"""Small heads on frozen features: what they say, as numbers, and how sure they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Shaped

from eudaimon.core.identity import short_hash
from eudaimon.curate.score_table import HARM, TRAIT
from eudaimon.curate.taxonomy import STANCES, SUBJECTS, WORST

Kind = Literal["binary", "ordinal", "classes", "traits"]
DOUBT = "doubt"
"""A column for later stages: how unsure stage 2 is, in [0, 1]; see `doubt`."""


@dataclass(frozen=True)
class Head:
    """One question that the heads answer: its name, its kind, and the names of its outputs.

    ``binary``: a probability for each output. ``ordinal``: output k is the probability of more than k, and
    the answer is their sum. ``classes``: one of the outputs. ``traits``: a value in [-2, 2] for each.
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

    def columns(self, features: Float[np.ndarray, "n features"]) -> dict[str, Shaped[np.ndarray, " n"]]:
        """The columns of scores that these features give: as in `Batch`, for the heads that there are.

        ``doubt`` is among them. A row with features that are not finite gets NaN and -1 throughout.
        """
        finite = np.asarray(np.isfinite(features.astype(np.float32)).all(axis=1))
        scaled = self.logits(np.where(finite[:, None], features, 0)) / self.temperature
        found: dict[str, np.ndarray] = {}
        place = 0
        for head in self.heads:
            z = scaled[:, place : place + len(head.outputs)].astype(np.float64)
            place += len(head.outputs)
            found |= _answers(head, z)
        found[DOUBT] = doubt(found)
        for hidden in [name for name in found if name.endswith(SURE)]:
            del found[hidden]
        for name, values in found.items():
            found[name] = np.where(finite, values, -1 if values.dtype == np.int32 else np.nan)
        return found


SURE = "?"
"""Marks the probability of the answer that a head of classes gives."""


def doubt(columns: Mapping[str, np.ndarray]) -> Float[np.ndarray, " n"]:
    """How unsure the answers are, in [0, 1]: that of the highest harm, or of the stance where there is harm.

    A harm of probability p is unsure by ``1 - |2 p - 1|``: 1 at one half, 0 at nothing and at certainty. A
    stance with probability q is unsure by ``1 - q``, which counts in proportion to the harm.
    """
    harms = [values for name, values in columns.items() if name.startswith(HARM)]
    highest = np.max(harms, axis=0) if harms else np.zeros(len(next(iter(columns.values()))))
    unsure = 1 - np.abs(2 * highest - 1)
    if f"stance{SURE}" in columns:
        unsure = np.maximum(unsure, highest * (1 - columns[f"stance{SURE}"]))
    return np.asarray(unsure)


def known_heads() -> tuple[Head, ...]:
    """All heads that labels can teach, in the order of their outputs."""
    from eudaimon.curate.taxonomy import TRAITS
    from eudaimon.data.taxonomy import categories

    return (
        Head("harm", "binary", tuple(categories())),
        Head("hazard", "binary", ("hazard",)),
        Head("severity", "ordinal", tuple(f"over {k}" for k in range(WORST))),
        Head("stance", "classes", STANCES),
        Head("frame", "classes", STANCES),
        Head("subject", "classes", SUBJECTS),
        Head("traits", "traits", TRAITS),
    )


def _answers(head: Head, z: Float[np.ndarray, "n outputs"]) -> dict[str, np.ndarray]:
    if head.kind == "classes":
        z = np.exp(z - z.max(axis=1, keepdims=True))
        shares = z / z.sum(axis=1, keepdims=True)
        every = STANCES if head.name in ("stance", "frame") else SUBJECTS
        codes = np.array([every.index(output) for output in head.outputs], dtype=np.int32)
        best = shares.argmax(axis=1)
        return {head.name: codes[best], head.name + SURE: shares[np.arange(len(z)), best]}
    if head.kind == "traits":
        return {TRAIT + name: np.round(2 * np.tanh(z[:, k]), DIGITS) for k, name in enumerate(head.outputs)}
    shares = np.round(1 / (1 + np.exp(-np.clip(z, -60, 60))), DIGITS)
    if head.kind == "ordinal":
        # More than k is never surer than more than k - 1.
        return {head.name: np.round(np.minimum.accumulate(shares, axis=1).sum(axis=1), DIGITS)}
    prefix = HARM if head.name == "harm" else ""
    return {prefix + name: shares[:, k] for k, name in enumerate(head.outputs)}


DIGITS = 5
"""Decimals of scores: what lies below depends on which texts went through the encoder together."""
