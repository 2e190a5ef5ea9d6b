"""Logits with crossed random effects of questions and seeds, fitted to many tables at once.

The model of one table of two arms, with x = +1/2 in arm a and -1/2 in arm b, seed s and question q::

    hits ~ Binomial(trials, p),   logit p = base + effect x + Q_q + x R_q + S_s + x T_s + C_asq

with independent normal Q (questions), R (questions differ in the effect), S (seeds), T (seeds differ in the
effect) and C (cells). Penalised quasi-likelihood: normal working responses (Breslow and Clayton 1993, JASA
88:9), variances by expectation-maximisation with the fixed effects integrated out (REML), under the prior
of Chung et al. (2013), Psychometrika 78:685, whose mode is never at zero: with a handful of seeds the plain
estimate often is, and the interval then forgets the seeds. A question's effects are eliminated first, so an
iteration costs time proportional to the number of cells, and a thousand simulated tables are one call.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import expit

N_ITERATIONS = 400
TOLERANCE = 1e-3
"""Largest relative change of a variance, per iteration, at which the fit has converged."""
FAMILIES = ("question", "question x arm", "seed", "seed x arm", "cell")


@dataclass(frozen=True, eq=False)
class CrossedFit:
    """One value per table: the effect of arm a against arm b in log odds, its error and degrees of freedom.

    ``variances[:, k]`` is the variance of family k of `FAMILIES`, in squared log odds.
    """

    base: Float[np.ndarray, "tables"]
    effect: Float[np.ndarray, "tables"]
    error: Float[np.ndarray, "tables"]
    freedom: Float[np.ndarray, "tables"]
    variances: Float[np.ndarray, "tables 5"]
    converged: Bool[np.ndarray, "tables"]


def fit_crossed(
    hits: Float[np.ndarray, "tables arms seeds questions"],
    trials: Float[np.ndarray, "tables arms seeds questions"],
) -> CrossedFit:
    """The model of this module, fitted to each table of hits among trials (0 trials: nobody asked).

    Hits may be fractions, as sums of probabilities are. ``freedom`` is Satterthwaite's: seeds and questions
    carry one degree less than their number, trials any number.
    """
    n_seeds, n_questions = hits.shape[2:]
    border, own = _design(n_seeds)
    k, n = (np.moveaxis(x, 3, 1).reshape(len(x), n_questions, 2 * n_seeds) for x in (hits, trials))
    state = _State.start(k, n, n_seeds)
    converged = np.zeros(len(hits), dtype=bool)
    for _ in range(N_ITERATIONS):
        before, state = state, _improved(state, k, n, border, own)
        # A variance far below the others changes nothing, however fast it still moves.
        moved = np.abs(state.variances - before.variances) / (before.variances + 0.01)
        converged = (moved.max(1) < TOLERANCE) & (np.abs(state.fixed - before.fixed).max(1) < TOLERANCE)
        if converged.all():
            break
    error = np.sqrt(state.covariance[:, 1, 1])
    of_seeds, of_questions = state.variances[:, 3] / n_seeds, state.variances[:, 1] / n_questions
    parts = of_seeds**2 / max(1, n_seeds - 1) + of_questions**2 / max(1, n_questions - 1)
    return CrossedFit(
        base=state.fixed[:, 0],
        effect=state.fixed[:, 1],
        error=error,
        freedom=np.maximum(error**4 / parts, min(n_seeds, n_questions) - 1),
        variances=state.variances,
        converged=converged,
    )


@dataclass(frozen=True, eq=False)
class _State:
    """Linear predictors [tables, questions, cells], fixed effects and their covariance, variances."""

    eta: Float[np.ndarray, "tables questions cells"]
    fixed: Float[np.ndarray, "tables 2"]
    covariance: Float[np.ndarray, "tables 2 2"]
    variances: Float[np.ndarray, "tables 5"]

    @classmethod
    def start(cls, k: np.ndarray, n: np.ndarray, n_seeds: int) -> _State:
        share = (k + 0.5) / (n + 1)
        arms = np.repeat([0, 1], n_seeds)
        pooled = np.stack([share[:, :, arms == arm].mean((1, 2)) for arm in (0, 1)], axis=1)
        # Half way between each cell's own share and its arm's: extreme cells would be slow to come back.
        mixed = (share + pooled[:, arms][:, None, :]) / 2
        tables = len(k)
        return cls(
            np.log(mixed / (1 - mixed)),
            np.zeros((tables, 2)),
            np.zeros((tables, 2, 2)),
            np.tile([1.0, 0.3, 0.1, 0.1, 0.1], (tables, 1)),
        )


def _design(n_seeds: int) -> tuple[Float[np.ndarray, "cells border"], Float[np.ndarray, "cells 2"]]:
    """What a question's cells (arm, seed) multiply: fixed and seeds' effects, and the question's own two."""
    x = np.repeat([0.5, -0.5], n_seeds)
    seeds = np.tile(np.eye(n_seeds), (2, 1))
    own = np.stack([np.ones_like(x), x], axis=1)
    return np.concatenate([own, seeds, x[:, None] * seeds], axis=1), own


def _improved(state: _State, k: np.ndarray, n: np.ndarray, border: np.ndarray, own: np.ndarray) -> _State:
    """One step of the working responses and one of the variances."""
    tables, n_questions, _ = k.shape
    n_seeds = (border.shape[1] - 2) // 2
    var = np.maximum(state.variances, 1e-8)
    p = expit(state.eta)
    weight = n * np.clip(p * (1 - p), 1e-8, None)
    shrink = 1 / (1 + var[:, 4, None, None] * weight)
    w, wz = weight * shrink, (weight * state.eta + k - n * p) * shrink

    # Normal equations: 2 x 2 blocks of the questions, a border of fixed and seeds' effects.
    precision = np.concatenate([np.zeros((tables, 2)), np.repeat(1 / var[:, 2:4], n_seeds, axis=1)], axis=1)
    block = (w @ _products(own, own)).reshape(tables, n_questions, 2, 2)
    block[:, :, [0, 1], [0, 1]] += 1 / var[:, None, :2]
    inverse = _inverse2(block)
    side = (w @ _products(own, border)).reshape(tables, n_questions, 2, -1)
    corner = (w.sum(1) @ _products(border, border)).reshape(tables, border.shape[1], -1)
    corner[:, np.arange(border.shape[1]), np.arange(border.shape[1])] += precision
    solved = inverse @ side
    flat = (tables, n_questions * 2, border.shape[1])
    covariance = np.linalg.inv(corner - side.reshape(flat).swapaxes(1, 2) @ solved.reshape(flat))
    right = wz @ own
    rest = wz.sum(1) @ border - (solved.reshape(flat).swapaxes(1, 2) @ right.reshape(tables, -1, 1))[..., 0]
    outer = (covariance @ rest[..., None])[..., 0]
    inner = (inverse @ right[..., None])[..., 0] - (solved @ outer[:, None, :, None])[..., 0]

    fit = (outer @ border.T)[:, None, :] + inner @ own.T
    cell = var[:, 4, None, None] * (wz - w * fit)
    spread = inverse[:, :, [0, 1], [0, 1]] + ((solved @ covariance[:, None]) * solved).sum(3)
    of_border = covariance[:, np.arange(2, border.shape[1]), np.arange(2, border.shape[1])]
    sums = np.stack(
        [
            *((inner**2 + spread).sum(1).T),
            *(((outer[:, 2:] ** 2 + of_border).reshape(tables, 2, n_seeds)).sum(2).T),
        ],
        axis=1,
    )
    size = np.array([n_questions, n_questions, n_seeds, n_seeds])
    used = 2 + (
        size - np.concatenate([spread.sum(1), of_border.reshape(tables, 2, -1).sum(2)], 1) / var[:, :4]
    ).sum(1)
    asked = (n > 0).sum((1, 2))
    # What the fit itself leaves uncertain in a cell, on average of the cells that tell about it.
    pull = ((1 - shrink) * w).sum((1, 2)) / np.maximum(w.sum((1, 2)), 1e-12)
    of_cells = ((cell**2 + var[:, 4, None, None] * shrink) * (n > 0)).sum((1, 2)) + pull * var[:, 4] * used
    variances = np.concatenate(
        [sums / np.maximum(size - 1, 1), (of_cells / np.maximum(asked - 1, 1))[:, None]], axis=1
    )
    return _State(fit + cell, outer[:, :2], covariance[:, :2, :2], variances)


def _products(
    a: Float[np.ndarray, "cells i"], b: Float[np.ndarray, "cells j"]
) -> Float[np.ndarray, "cells ij"]:
    """For each cell the products of its entries, so that weighted sums are one matrix product."""
    products: Float[np.ndarray, "cells ij"] = (a[:, :, None] * b[:, None, :]).reshape(len(a), -1)
    return products


def _inverse2(block: Float[np.ndarray, "*batch 2 2"]) -> Float[np.ndarray, "*batch 2 2"]:
    a, b, d = block[..., 0, 0], block[..., 0, 1], block[..., 1, 1]
    determinant = a * d - b * b
    adjugate = np.stack([np.stack([d, -b], -1), np.stack([-b, a], -1)], -2)
    inverse: Float[np.ndarray, "*batch 2 2"] = adjugate / determinant[..., None, None]
    return inverse
