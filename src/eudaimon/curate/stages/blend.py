"""Stage 2's word together with stage 1's: two readers who err in different places err less."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from eudaimon.curate.labelled.segment import LabelledSegment
from eudaimon.curate.stages.answers import ACTS, DISTANT, highest_harm
from eudaimon.curate.stages.heads import ANY, Outputs
from eudaimon.curate.stages.targets import HARMFUL
from eudaimon.curate.taxonomy import STANCES

LEAST = 40
"""Rows of either answer below which a question is not blended: stage 2's word then stands alone."""
HARM_CAUTION, ACTS_CAUTION = 1.25, 1.5
"""How much more the rows that say no weigh than those that say yes: of harm, and of acting on it.

On calibration documents in forms that were not learnt from, a caution of 1.0 with harm gave the cascade a
mean F1 of .64 and .14 of harmless parts removed, 1.25 .63 and .12, 1.5 .62 and .12.
"""
LONG = 160
"""Code points from which on a voice is a long one: stage 1 tells there less of what a voice does."""
EVEN = 0.5
"""0: a source counts by its rows, 1: all sources count alike."""
PULL = 0.01
"""How much the square of a distance from stage 2 alone costs, beside the loss of one row."""
SURE = 1e-3
"""Probabilities are kept this far from 0 and 1: those of stage 1 are multiples of 1/1000."""

Weights = tuple[float, float, float]
"""Of stage 2's log-odds, of stage 1's, and a shift."""


@dataclass(frozen=True)
class Blend:
    """The weights by which two log-odds make one: of any harm, and, where there is harm, of a voice that
    does, praises or teaches it rather than keep its distance.

    Long voices (`LONG`) have weights of their own. None where there were too few rows to tell.
    """

    harm: Weights | None = None
    acts: Weights | None = None
    long_harm: Weights | None = None
    long_acts: Weights | None = None

    def __call__(
        self, said: Outputs, first: Mapping[str, np.ndarray], texts: Sequence[str]
    ) -> dict[str, np.ndarray]:
        """What the heads said, with the first stages' word in it: ``first`` are their columns of these rows.

        ``texts`` are the rows' own words. Rows on which the first stages say nothing stay as they are.
        """
        found, long = dict(said), _long(texts)
        if ANY in said:
            own = said[ANY][:, 0]
            found[ANY] = _by_length(own, highest_harm(first), self.harm, self.long_harm, long)[:, None]
        if "stance" in said:
            acts, distant = _groups(said["stance"])
            own = _share(acts, distant)
            wanted = _by_length(own, first.get("acts"), self.acts, self.long_acts, long)
            factor = np.ones(said["stance"].shape)
            factor[:, list(ACTS)] = (wanted * (acts + distant) / np.maximum(acts, 1e-12))[:, None]
            factor[:, list(DISTANT)] = ((1 - wanted) * (acts + distant) / np.maximum(distant, 1e-12))[:, None]
            found["stance"] = said["stance"] * factor
        return found


def fit_blend(said: Outputs, first: Mapping[str, np.ndarray], rows: Sequence[LabelledSegment]) -> Blend:
    """The blend with the least loss on rows that neither stage was trained on.

    ``said`` and ``first`` are what both stages say of them. Rows that say no weigh `HARM_CAUTION` or
    `ACTS_CAUTION` times as much in all as those that say yes, however many they are: labelled sets have more
    harm in them than corpora, and their share of it is not to be learnt. Sources weigh more alike than they
    have rows: see `EVEN`. What a voice does is learnt from harmful rows alone. Weights are 0 or more: neither
    stage's word is turned round.
    """
    weight = _evened(rows)
    harmful = np.array([np.nan if row.harmful is None else row.harmful for row in rows])
    acting = [STANCES[k] for k in ACTS]
    acts = np.array(
        [
            np.nan if row.stance in (None, "none") or (row.harmful or 0) < HARMFUL else row.stance in acting
            for row in rows
        ]
    )
    own = _share(*_groups(said["stance"])) if "stance" in said else None
    harm, long = said[ANY][:, 0] if ANY in said else None, _long([row.text for row in rows])
    found = []
    for some in (~long, long):
        counted = np.where(some, weight, 0.0)
        found.append(_fitted(harm, highest_harm(first), harmful, counted, HARM_CAUTION))
        found.append(_fitted(own, first.get("acts"), acts, counted, ACTS_CAUTION))
    return Blend(*found)


def _long(texts: Sequence[str]) -> Bool[np.ndarray, " n"]:
    return np.array([len(text) >= LONG for text in texts], dtype=bool)


def _by_length(
    own: Float[np.ndarray, " n"],
    first: Float[np.ndarray, " n"] | None,
    short: Weights | None,
    long: Weights | None,
    is_long: Bool[np.ndarray, " n"],
) -> Float[np.ndarray, " n"]:
    """Both stages' word by the weights of each row's length; stage 2's where there are no weights."""
    of_short, of_long = (own if each is None else _mixed(own, first, each) for each in (short, long))
    return np.asarray(np.where(is_long, of_long, of_short))


def _evened(rows: Sequence[LabelledSegment]) -> Float[np.ndarray, " n"]:
    """The weights of the rows, divided by a power of what their sources weigh in all."""
    total = Counter[str]()
    for row in rows:
        total[row.source] += row.weight  # type: ignore[assignment]
    mean = sum(total.values()) / max(1, len(total))
    return np.array([row.weight * (mean / total[row.source]) ** EVEN if row.weight else 0.0 for row in rows])


def _groups(
    stance: Float[np.ndarray, "n stances"],
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """The shares of acting and of distant stances."""
    return stance[:, list(ACTS)].sum(axis=1), stance[:, list(DISTANT)].sum(axis=1)


def _share(acts: Float[np.ndarray, " n"], distant: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    return np.asarray(acts / np.maximum(acts + distant, 1e-12))


def _mixed(
    own: Float[np.ndarray, " n"], first: Float[np.ndarray, " n"] | None, weights: Weights
) -> Float[np.ndarray, " n"]:
    if first is None:
        return own
    mixed = weights[0] * _logit(own) + weights[1] * _logit(first) + weights[2]
    return np.asarray(np.where(np.isnan(first), own, 1 / (1 + np.exp(-mixed))))


def _fitted(
    own: np.ndarray | None,
    first: np.ndarray | None,
    wanted: np.ndarray,
    weight: np.ndarray,
    caution: float,
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
    share = 1 / (1 + caution)
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
