"""A direction: a unit vector at a site, with its sign, its decision point and what it was made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from eudaimon import __version__
from eudaimon.core import Binding, Pooling, Site, UsageError
from eudaimon.core.identity import short_hash
from eudaimon.vectors.artifact import read_artifact, write_artifact
from eudaimon.vectors.bound import HasBinding, check_binding

LAYER_CONVENTION = "layer k is the output of the k-th block, 0 the embedding: hidden_states[k]"
UNIT_TOLERANCE = 1e-4


@dataclass(frozen=True, eq=False)
class Direction:
    """A unit vector at ``site`` that points from ``classes[0]`` to ``classes[1]``.

    ``bias`` is the projection at which the two classes part and ``scale`` the pooled within-class standard
    deviation of the training projections, both in residual-stream units; ``norm`` is the length that the
    method's vector had before it was made a unit (for a mean difference: the distance of the class means).
    ``n`` counts training rows of each class, ``data_hash`` and ``split`` name them. Raises `UsageError` when
    the vector is not a finite unit vector.
    """

    vector: Float[np.ndarray, "d"]
    site: Site
    pooling: Pooling
    method: str
    binding: Binding
    bias: float = 0.0
    scale: float = 1.0
    norm: float = 1.0
    classes: tuple[str, str] = ("safe", "harmful")
    n: tuple[int, int] = (0, 0)
    data_hash: str = ""
    split: str = "train"
    seed: int = 0
    sign: str = "a larger projection is more like the second class"
    layer_convention: str = LAYER_CONVENTION
    version: str = __version__
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        vector = np.asarray(self.vector)
        length = float(np.linalg.norm(vector.astype(np.float64)))
        if vector.ndim != 1 or not abs(length - 1) < UNIT_TOLERANCE:
            raise UsageError(
                f"a direction of shape {vector.shape} and length {length:.4g} is not a unit vector",
                right="one finite vector of length 1",
                do="vector / np.linalg.norm(vector)",
            )
        if vector.dtype != np.float32:
            raise UsageError(f"a direction of dtype {vector.dtype}", right="float32")

    @property
    def width(self) -> int:
        """The number of dimensions of the residual stream it lives in."""
        return int(self.vector.shape[0])

    def project(self, x: Float[np.ndarray, "*batch d"]) -> Float[np.ndarray, "*batch"]:
        """Signed length of ``x`` along the direction, in residual-stream units; larger is more harmful.

        Raises `UsageError` when ``x`` has another width.
        """
        x = np.asarray(x)
        if x.shape[-1:] != (self.width,):
            raise UsageError(
                f"activations of shape {x.shape} do not fit a direction of {self.width} dimensions",
                right=f"activations of {self.binding.name or 'its own model'}, last axis {self.width}",
            )
        return np.asarray(x @ self.vector)

    def margin(self, x: Float[np.ndarray, "*batch d"]) -> Float[np.ndarray, "*batch"]:
        """Projection minus ``bias`` in within-class deviations: above 0 is more like ``classes[1]``."""
        return np.asarray((self.project(x) - self.bias) / self.scale)

    def flipped(self) -> Direction:
        """The same direction pointing the other way, its class names exchanged."""
        return replace(self, vector=-self.vector, bias=-self.bias, classes=self.classes[::-1], n=self.n[::-1])

    def save(self, path: str | Path) -> Path:
        """Write one safetensors file, atomically; the same direction always gives the same bytes."""
        return write_artifact(path, "direction", {"vector": self.vector}, describe(self))

    @classmethod
    def load(
        cls, path: str | Path, on: HasBinding | Binding | None = None, *, force: bool = False
    ) -> Direction:
        """The direction in a file, checked against the model (or binding) that it is to be used ``on``.

        Raises `BindingMismatch`, which names what differs, unless ``force``; what was forced is then recorded
        in ``extra["forced"]``. Raises `UsageError` when the file holds no direction.
        """
        tensors, note = read_artifact(path, "direction")
        direction = restore(tensors["vector"], note)
        forced = check_binding(direction.binding, on, "direction", force=force)
        return replace(direction, extra={**direction.extra, **forced}) if forced else direction


def direction_hash(direction: Direction) -> str:
    """What names a direction: 16 hex digits of its vector and its site."""
    return short_hash(direction.vector.tobytes() + str(direction.site).encode())


def describe(direction: Direction) -> dict[str, Any]:
    """Everything about a direction except its vector, as JSON values."""
    described = {
        name: getattr(direction, name) for name in direction.__dataclass_fields__ if name != "vector"
    }
    described["binding"] = direction.binding.model_dump(mode="json")
    described["site"] = str(direction.site)
    described["extra"] = dict(direction.extra)
    return described


def restore(vector: Float[np.ndarray, "d"], note: Mapping[str, Any]) -> Direction:
    """The direction that `describe` described; raises `UsageError` when the note lacks a field."""
    fields = {name: note[name] for name in Direction.__dataclass_fields__ if name in note}
    missing = {"site", "pooling", "method", "binding"} - fields.keys()
    if missing:
        raise UsageError(f"the direction's metadata lacks {', '.join(sorted(missing))}")
    fields["site"] = Site.parse(fields["site"])
    fields["binding"] = Binding.model_validate(fields["binding"])
    for name in ("classes", "n"):
        if name in fields:
            fields[name] = tuple(fields[name])
    return Direction(vector=vector, **fields)
