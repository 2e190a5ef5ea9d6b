"""Many tests and repeated items: p-values adjusted for their number, and how many items there really are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from eudaimon.core.errors import UsageError
from eudaimon.measure.inputs import numbers
from eudaimon.measure.resampling import codes


@dataclass(frozen=True)
class EffectiveN:
    """``n`` values in ``n_clusters`` clusters, worth ``n_effective`` independent ones.

    ``icc`` is the intra-cluster correlation in [0, 1], ``design_effect`` the factor by which it inflates the
    variance of the mean, at least 1.
    """

    n: int
    n_clusters: int
    icc: float
    design_effect: float
    n_effective: float


def holm(p_values: ArrayLike) -> Float[np.ndarray, "tests"]:
    """Holm's adjusted p-values, in [0, 1] and in the order given; reject those at most alpha.

    Keeps the chance of any false rejection at alpha whatever the dependence of the tests. Raises
    `UsageError` on values outside of [0, 1]. Holm (1979), Scand. J. Stat. 6:65.
    """
    p = _probabilities(p_values)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
    return adjusted


def benjamini_hochberg(p_values: ArrayLike) -> Float[np.ndarray, "tests"]:
    """Benjamini and Hochberg's adjusted p-values, in [0, 1] and in the order given; reject those at most q.

    Keeps the expected share of false ones among the rejections at q, for independent and for positively
    dependent tests. Raises `UsageError` on values outside of [0, 1]. Benjamini and Hochberg (1995), J. R.
    Stat. Soc. B 57:289.
    """
    p = _probabilities(p_values)
    order = np.argsort(p, kind="stable")
    raised = p[order] * len(p) / np.arange(1, len(p) + 1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1)
    return adjusted


def effective_n(clusters: ArrayLike, values: ArrayLike) -> EffectiveN:
    """How many independent values the clustered ones are worth (samples of one question, windows of a text).

    The intra-cluster correlation is the one-way analysis-of-variance estimate, cut to [0, 1], and 1 where
    the values do not vary at all; the design effect is 1 + (m - 1) icc with m the cluster size that a
    random value meets. Raises `UsageError` unless there are two clusters and one of them has two values.
    Kish (1965).
    """
    row = numbers(values, "values", finite=True)
    code = codes(clusters, "clusters", len(row))
    sizes = np.bincount(code)
    n, k = len(row), len(sizes)
    if k < 2 or n == k:
        raise UsageError(
            f"{n} values in {k} clusters have no intra-cluster correlation",
            right="at least two clusters, one of them with at least two values",
        )
    means = np.bincount(code, row) / sizes
    between = float((sizes * (means - row.mean()) ** 2).sum() / (k - 1))
    within = float(((row - means[code]) ** 2).sum() / (n - k))
    typical = (n - float((sizes**2).sum()) / n) / (k - 1)
    spread = between + (typical - 1) * within
    icc = min(1.0, max(0.0, (between - within) / spread)) if spread > 0 else 1.0
    effect = 1 + (float((sizes**2).sum()) / n - 1) * icc
    return EffectiveN(n, k, icc, effect, n / effect)


def _probabilities(p_values: ArrayLike) -> Float[np.ndarray, "tests"]:
    p = numbers(p_values, "p-values")
    if (p < 0).any() or (p > 1).any():
        raise UsageError("p-values lie outside of [0, 1]", right="probabilities")
    return p
