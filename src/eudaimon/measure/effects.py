"""How large a difference of two shares is: in points, as an odds ratio and as Cohen's h, with intervals.

All three compare the arms' means over seeds and questions, from the same resamples of both. Points are what a
reader of rates wants; odds ratio and h compare effects at different base rates. h of .2, .5 and .8 are called
small, medium and large: Cohen (1988), Statistical Power Analysis, chapter 6.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import asin, exp, log, sqrt

import numpy as np
from jaxtyping import Float

from eudaimon.core.errors import UsageError
from eudaimon.measure.hierarchical import N_RESAMPLES, SeededScore, contrast
from eudaimon.measure.panel import Panel
from eudaimon.measure.panel_resampling import factor, resampled_means


@dataclass(frozen=True)
class EffectSizes:
    """Arm a against arm b: ``points`` of percent (a minus b), ``odds_ratio`` (over 1: more in a), ``h``.

    ``h`` is 2 asin sqrt(a) - 2 asin sqrt(b), in [-pi, pi].
    """

    points: SeededScore
    odds_ratio: SeededScore
    h: SeededScore


def effect_sizes(
    a: Panel, b: Panel, *, crossed: bool = True, n_resamples: int = N_RESAMPLES, seed: int = 0
) -> EffectSizes:
    """The three effect sizes of two arms with values in [0, 1], with 95 % intervals of `hierarchical`.

    The odds ratio is that of the pooled shares, not `mixed_logit`'s for a given question and seed; half a
    hit and half a miss are added to each arm, so that it is finite where nothing was hit. Raises
    `UsageError` on values outside of [0, 1], and as `contrast`.
    """
    for name, panel in (("a", a), ("b", b)):
        if (panel.values < 0).any() or (panel.values > 1).any():
            raise UsageError(f"arm {name} has a value outside of [0, 1]", right="shares or probabilities")
    difference = contrast(a, b, crossed=crossed, n_resamples=n_resamples, seed=seed).difference
    means = [resampled_means(panel, n_resamples, seed, crossed=crossed) for panel in (a, b)]

    def scored(scale: _Scale, unit: str) -> SeededScore:
        at = [_inside(panel.mean, len(panel)) for panel in (a, b)]
        value = scale.of(at[0]) - scale.of(at[1])
        # How far to spread the draws follows from the arms' values, weighed as they move this effect.
        moving = replace(a, values=scale.slope(at[0]) * a.values - scale.slope(at[1]) * b.values)
        of_means = [
            scale.of_all(_inside_all(drawn, len(panel))) for drawn, panel in zip(means, (a, b), strict=True)
        ]
        drawn = value + factor(moving, crossed) * (of_means[0] - of_means[1] - value)
        low, high = (float(limit) for limit in np.quantile(drawn, (0.025, 0.975)))
        update = {"value": value, "low": min(low, value), "high": max(high, value), "unit": unit}
        return difference.model_copy(update=update)

    odds = scored(LOG_ODDS, "odds ratio")
    assert odds.low is not None and odds.high is not None
    assert difference.low is not None and difference.high is not None
    return EffectSizes(
        points=difference.model_copy(
            update={
                "value": 100 * difference.value,
                "low": 100 * difference.low,
                "high": 100 * difference.high,
                "unit": "points",
            }
        ),
        odds_ratio=odds.model_copy(
            update={"value": exp(odds.value), "low": exp(odds.low), "high": exp(odds.high)}
        ),
        h=scored(ARC_SINE, "Cohen's h"),
    )


@dataclass(frozen=True)
class _Scale:
    """A scale on which shares are subtracted, with its slope."""

    of: Callable[[float], float]
    slope: Callable[[float], float]
    of_all: Callable[[Float[np.ndarray, "b"]], Float[np.ndarray, "b"]]


LOG_ODDS = _Scale(
    of=lambda share: log(share / (1 - share)),
    slope=lambda share: 1 / (share * (1 - share)),
    of_all=lambda shares: np.log(shares / (1 - shares)),
)
ARC_SINE = _Scale(
    of=lambda share: 2 * asin(sqrt(share)),
    slope=lambda share: 1 / sqrt(share * (1 - share)),
    of_all=lambda shares: 2 * np.arcsin(np.sqrt(shares)),
)


def _inside(share: float, n: int) -> float:
    return (share * n + 0.5) / (n + 1)


def _inside_all(shares: Float[np.ndarray, "b"], n: int) -> Float[np.ndarray, "b"]:
    inside: Float[np.ndarray, "b"] = (shares * n + 0.5) / (n + 1)
    return inside
