"""A monitor's training examples in the two directions in which they differ most."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from eudaimon.monitor.storage import stored_examples

MOST = 2000
"""Points that a page gets; of more examples so many are drawn by chance, by a fixed seed."""


@dataclass(frozen=True, eq=False)
class Scatter:
    """Examples as points: ``points[i]`` are the first two principal components of standardised activations.

    ``shares`` are the shares of the variance in them, in [0, 1]; ``n`` counts all examples of the file, of
    which the first two components and the shares are.
    """

    points: Float[np.ndarray, "n 2"]
    harmful: tuple[bool, ...]
    texts: tuple[str, ...]
    sources: tuple[str, ...]
    shares: tuple[float, float]
    site: str
    n: int


def scatter_of(path: Path, *, most: int = MOST, seed: int = 0) -> Scatter | None:
    """The examples in a monitor's file as points; None where it kept fewer than three.

    A component's sign is such that harmful examples lie higher on average. Raises as `stored_examples`.
    """
    examples, site = stored_examples(path)
    if examples is None or len(examples.texts) < 3:
        return None
    points, shares = principal(examples.features.astype(np.float64), np.array(examples.harmful))
    n = len(points)
    chosen = np.arange(n)
    if n > most:
        chosen = np.sort(np.random.default_rng(seed).choice(n, most, replace=False))
    return Scatter(
        points[chosen],
        tuple(examples.harmful[i] for i in chosen),
        tuple(examples.texts[i] for i in chosen),
        tuple(examples.sources[i] for i in chosen),
        shares,
        str(site),
        n,
    )


def principal(
    x: Float[np.ndarray, "n d"], harmful: np.ndarray
) -> tuple[Float[np.ndarray, "n 2"], tuple[float, float]]:
    """The first two principal components of rows, and the shares of the variance in them."""
    centred = x - x.mean(axis=0)
    # Of the smaller of the two Gram matrices: examples are many, dimensions are few, or the other way round.
    u, values, _ = np.linalg.svd(centred, full_matrices=False)
    found = np.zeros((len(x), 2))
    k = min(2, len(values))
    found[:, :k] = u[:, :k] * values[:k]
    total = float((values**2).sum()) or 1.0
    shares = [float(value**2) / total for value in (*values[:2], 0.0, 0.0)][:2]
    if harmful.any() and not harmful.all():
        apart = found[harmful].mean(axis=0) - found[~harmful].mean(axis=0)
        found *= np.where(apart < 0, -1.0, 1.0)
    return found, (shares[0], shares[1])
