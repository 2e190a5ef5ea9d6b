"""Probes: read-outs of one site under one pooling, linear or with a kernel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float

from eudaimon.core import Pooling, Site
from eudaimon.models.activations import Activations
from eudaimon.vectors.fitted import Fitted
from eudaimon.vectors.standardise import moments
from eudaimon.vectors.weights import class_weights

if TYPE_CHECKING:
    from torch import Tensor

KERNEL = "kernel"
LANDMARKS = 512
SMALLEST = 1e-8
"""Below it an eigenvalue of the landmarks' kernel is noise."""


@dataclass(frozen=True, eq=False)
class Probe:
    """A read-out in units of danger: higher is more dangerous, 0 is the decision point of its training rows.

    A linear probe has one row in ``points`` and scores ``x @ points[0] + bias``. A kernel probe scores
    ``sum_j weight_j exp(-gamma |z - points_j|^2) + bias`` where ``z`` is ``x`` standardised by ``mean`` and
    ``deviation``, and ``points`` are landmarks.
    """

    site: Site
    pooling: Pooling
    method: str
    points: Float[np.ndarray, "p d"]
    bias: float
    weight: Float[np.ndarray, "p"] | None = None
    mean: Float[np.ndarray, "d"] | None = None
    deviation: Float[np.ndarray, "d"] | None = None
    gamma: float = 0.0
    threshold: float = 0.0
    """The probe's own conformal threshold; used by ``vote`` and by category heads."""

    def logits(self, activations: Activations) -> Float[np.ndarray, "n"]:
        """What the probe reads of the texts behind ``activations``."""
        return self.read(activations.at(self.site, self.pooling))

    def read(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n"]:
        """What the probe reads of activations at its site, float64.

        Products with landmarks are float32, which moves the read-out by some 1e-5: with hundreds of them they
        are most of what a monitor costs.
        """
        if self.weight is None or self.mean is None or self.deviation is None:
            linear: Float[np.ndarray, "n"] = x.astype(np.float64) @ self._vector + self.bias
            return linear
        import torch

        # As few operations as will do: right after a forward the first call of each costs 20 microseconds.
        mean, scale, doubled, norms, weight = self._ready
        with torch.inference_mode():
            z = (torch.from_numpy(np.require(x, np.float32, "W")) - mean) * scale
            exponents = torch.addmm(norms, z, doubled)
            exponents.sub_(torch.linalg.vecdot(z, z)[:, None], alpha=self.gamma)
            # The weights are large and cancel: float64.
            read: Float[np.ndarray, "n"] = torch.mv(exponents.exp_().double(), weight).numpy()
        return read + self.bias

    @cached_property
    def _vector(self) -> Float[np.ndarray, "d"]:
        return np.asarray(self.points[0], dtype=np.float64)

    @cached_property
    def _ready(self) -> tuple[Tensor, ...]:
        # By torch and not by numpy: the threads of OpenBLAS spin, and beside torch's on two busy cores a
        # product of 60 microseconds took 12 milliseconds.
        import torch

        points, mean, deviation, weight = (
            torch.tensor(part, dtype=torch.float64)
            for part in (self.points, self.mean, self.deviation, self.weight)
        )
        norms = -self.gamma * points.square().sum(dim=1)
        doubled = (2 * self.gamma * points).t().contiguous()
        return mean.float(), (1 / deviation).float(), doubled.float(), norms.float(), weight

    def gradient(self, x: Float[np.ndarray, "d"]) -> Float[np.ndarray, "d"]:
        """The slope of the read-out at one activation, per residual-stream unit."""
        if self.weight is None or self.mean is None or self.deviation is None:
            return np.asarray(self.points[0], dtype=np.float64)
        z = (x - self.mean) / self.deviation
        apart = z - self.points
        pull = np.exp(-self.gamma * (apart**2).sum(1)) * self.weight
        slope: Float[np.ndarray, "d"] = -2 * self.gamma * (pull @ apart) / self.deviation
        return slope

    def with_threshold(self, threshold: float) -> Probe:
        """The same probe with its own threshold."""
        return replace(self, threshold=threshold)


def linear_probe(site: Site, pooling: Pooling, method: str, fitted: Fitted) -> Probe:
    """A probe along a fitted direction, in within-class standard deviations from the decision point."""
    return Probe(
        site=site,
        pooling=pooling,
        method=method,
        points=(fitted.vector / fitted.scale)[None].astype(np.float32),
        bias=-fitted.bias / fitted.scale,
    )


def fit_kernel(
    x: Float[np.ndarray, "n d"],
    y: Bool[np.ndarray, "n"],
    site: Site,
    pooling: Pooling,
    *,
    c: float,
    weights: Float[np.ndarray, "n"] | None = None,
    n_landmarks: int = LANDMARKS,
    seed: int = 0,
) -> Probe:
    """Logistic regression with a Gaussian kernel on standardised activations, through landmarks.

    The landmarks are the centres of k-means, half of them in each class; the function is the Nyström
    approximation on them (Williams and Seeger, 2001), and costs as many products as there are landmarks,
    however many rows it was fitted on. ``c`` is scikit-learn's inverse strength. The kernel width is that of
    unit-variance features, ``gamma = 1 / d``. Raises `UsageError` when a class is empty.
    """
    from sklearn.linear_model import LogisticRegression

    w = class_weights(y, weights)
    mean, deviation = moments(x, w)
    gamma = 1 / x.shape[1]
    z = (x - mean) / deviation
    counted = [z[(y == label) & (w > 0)] for label in (False, True)]
    centres = np.concatenate([_centres(rows, n_landmarks // 2, seed) for rows in counted])
    # As they are stored: a monitor must score the same before it is saved and after.
    points = centres.astype(np.float16).astype(np.float64)
    values, vectors = np.linalg.eigh(_near(points, points, gamma))
    whiten = vectors / np.sqrt(np.maximum(values, SMALLEST))
    features = _near(z, points, gamma) @ whiten
    fitted = LogisticRegression(C=c, max_iter=1000).fit(features, y, sample_weight=w)
    return Probe(
        site=site,
        pooling=pooling,
        method=KERNEL,
        points=points.astype(np.float32),
        weight=whiten @ fitted.coef_[0],
        bias=float(fitted.intercept_[0]),
        mean=mean.astype(np.float32),
        deviation=deviation.astype(np.float32),
        gamma=gamma,
    )


def _centres(rows: Float[np.ndarray, "n d"], k: int, seed: int) -> Float[np.ndarray, "k d"]:
    if len(rows) <= k:
        return rows
    from sklearn.cluster import MiniBatchKMeans
    from threadpoolctl import threadpool_limits

    # One thread: the order in which several add up would move the centres from run to run.
    with threadpool_limits(limits=1):
        found = MiniBatchKMeans(k, random_state=seed, n_init=1).fit(rows)
    centres: Float[np.ndarray, "k d"] = found.cluster_centers_
    return centres


def _near(a: Float[np.ndarray, "n d"], b: Float[np.ndarray, "m d"], gamma: float) -> Float[np.ndarray, "n m"]:
    apart = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    near: Float[np.ndarray, "n m"] = np.exp(-gamma * np.maximum(apart, 0))
    return near
