"""A vector for each place before and in an answer, or one for all of them: what a matrix adds and ablates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from eudaimon.core import Site, UsageError


@dataclass(frozen=True, eq=False)
class PlaceVectors:
    """``values[p]`` belongs to place ``first + p`` of a row, as `Edits` have them; one for all with None.

    In residual-stream units. Raises `UsageError` for numbers that are not finite.
    """

    site: Site
    values: Float[np.ndarray, "places d"]
    first: int | None = None

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or not np.isfinite(self.values).all():
            raise UsageError(
                f"place vectors of shape {self.values.shape}", right="finite numbers [places, d]"
            )

    @property
    def norm(self) -> float:
        """The root mean square of the vectors' lengths over the places."""
        return float(np.sqrt((self.values.astype(np.float64) ** 2).sum(axis=1).mean()))

    def unit(self) -> PlaceVectors:
        """The same with norm 1; raises `UsageError` when all of it is zero."""
        norm = self.norm
        if not norm > 0:
            raise UsageError(f"the vectors at site {self.site} are zero and have no direction")
        return PlaceVectors(self.site, (self.values / norm).astype(np.float32), self.first)

    def random(self, seed: int) -> PlaceVectors:
        """Vectors in random directions, each as long as the one whose place it takes."""
        drawn = np.random.default_rng(seed).standard_normal(self.values.shape)
        drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
        lengths = np.linalg.norm(self.values.astype(np.float64), axis=1, keepdims=True)
        return PlaceVectors(self.site, (drawn * lengths).astype(np.float32), self.first)

    def cosine(self, other: PlaceVectors) -> float:
        """The cosine of all places together, in [-1, 1]; raises `UsageError` when their shapes differ."""
        if self.values.shape != other.values.shape:
            raise UsageError(
                f"vectors of shapes {self.values.shape} and {other.values.shape} have no cosine",
                right="the same places and width",
            )
        a, b = self.unit().values.ravel(), other.unit().values.ravel()
        return float(np.clip(a.astype(np.float64) @ b / len(self.values), -1, 1))
