"""Stage 2's word together with stage 1's: two readers who err in different places err less."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from eudaimon.curate.labelled.segment import LabelledSegment
from eudaimon.curate.stages.answers import ACTS, highest_harm
from eudaimon.curate.stages.heads import ANY, Outputs
from eudaimon.curate.taxonomy import STANCES

LEAST = 40
"""Rows of either answer below which a question is not blended: stage 2's word then stands alone."""
CAUTION = 1.5
"""On the shipped sets' calibration rows 1 gave a mean F1 of .907 and .110 of harmless parts removed, 1.5 .896
and .065, 2 .877 and .046."""
PULL = 0.01
"""How much the square of a distance from stage 2 alone costs, beside the loss of one row."""
SURE = 1e-3
"""Probabilities are kept this far from 0 and 1: those of stage 1 are multiples of 1/1000."""

Weights = tuple[float, float, float]
"""Of stage 2's log-odds, of stage 1's, and a shift."""


@dataclass(frozen=True)
class Blend:
    """The weights by which two log-odds make one: of any harm, and of a voice that does, praises or teaches.

    None where there were too few rows to tell.
    """

    harm: Weights | None = None
    acts: Weights | None = None

    def __call__(self, said: Outputs, first: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What the heads said, with the first stages' word in it: ``first`` are their columns of these rows.

        Rows on which these say nothing stay as they are.
        """
        found = dict(said)
        if self.harm is not None and ANY in said:
            found[ANY] = _mixed(said[ANY][:, 0], highest_harm(first), self.harm)[:, None]
        if self.acts is not None and "stance" in said:
            acts = said["stance"][:, list(ACTS)].sum(axis=1)
            wanted = _mixed(acts, first.get("acts"), self.acts)
            factor = np.full(said["stance"].shape, ((1 - wanted) / np.maximum(1 - acts, 1e-12))[:, None])
            factor[:, list(ACTS)] = (wanted / np.maximum(acts, 1e-12))[:, None]
            found["stance"] = said["stance"] * factor
        return found


def fit_blend(said: Outputs, first: Mapping[str, np.ndarray], rows: Sequence[LabelledSegment]) -> Blend:
    """The blend with the least loss on rows that neither stage was trained on.

    ``said`` and ``first`` are what both stages say of them. Rows that say no weigh `CAUTION` times as much in
    all as those that say yes, however many they are: labelled sets have more harm in them than corpora, and
    their share of it is not to be learnt. Weights are 0 or more: neither stage's word is turned round.
    """
    weight = np.array([row.weight for row in rows])
    harmful = np.array([np.nan if row.harmful is None else row.harmful for row in rows])
    acting = [STANCES[k] for k in ACTS]
    acts = np.array([np.nan if row.stance is None else float(row.stance in acting) for row in rows])
    own = said["stance"][:, list(ACTS)].sum(axis=1) if "stance" in said else None
    return Blend(
        _fitted(said[ANY][:, 0] if ANY in said else None, highest_harm(first), harmful, weight),
        _fitted(own, first.get("acts"), acts, weight),
    )


def _mixed(
    own: Float[np.ndarray, " n"], first: Float[np.ndarray, " n"] | None, weights: Weights
) -> Float[np.ndarray, " n"]:
    if first is None:
        return own
    mixed = weights[0] * _logit(own) + weights[1] * _logit(first) + weights[2]
    return np.asarray(np.where(np.isnan(first), own, 1 / (1 + np.exp(-mixed))))


def _fitted(
    own: np.ndarray | None, first: np.ndarray | None, wanted: np.ndarray, weight: np.ndarray
) -> Weights | None:
    """Logistic regression of what is wanted on both log-odds, pulled to stage 2 alone; None for few rows."""
    if own is None or first is None:
        return None
    known = ~np.isnan(wanted + own + first) & (weight > 0)
    yes = int((wanted[known] >= 0.5).sum())
    if min(yes, int(known.sum()) - yes) < LEAST:
        return None
    from scipy.optimize import minimize

    x = np.stack([_logit(own[known]), _logit(first[known]), np.ones(int(known.sum()))], axis=1)
    y, w = wanted[known], weight[known]
    share = 1 / (1 + CAUTION)
    w = w * np.where(y >= 0.5, share / w[y >= 0.5].sum(), (1 - share) / w[y < 0.5].sum()) * w.sum()
    start = np.array([1.0, 0.0, 0.0])

    def loss(theta: np.ndarray) -> tuple[float, np.ndarray]:
        z = x @ theta
        error = w * (0.5 * (1 + np.tanh(z / 2)) - y)
        total = float((w * (np.logaddexp(0, z) - y * z)).sum()) + PULL * float(((theta - start) ** 2).sum())
        return total, x.T @ error + 2 * PULL * (theta - start)

    bounds = [(0, None), (0, None), (None, None)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    # Rounded here, so that what was fitted is what is written.
    return tuple(round(float(value), 4) for value in found)  # type: ignore[return-value]


def _logit(p: np.ndarray) -> np.ndarray:
    p = np.clip(p, SURE, 1 - SURE)
    return np.asarray(np.log(p) - np.log1p(-p))
