"""The worst of several attacks on one subject, with an interval that knows it was picked as the worst.

The largest of several measured means is too large on average: whichever was lucky is picked. Here seeds and
questions are resampled inside the maximum, the same draw for all attacks. The interval is the largest of
limits that hold for all attacks at once, so that it keeps its promise however alike the attacks are
(Chernozhukov, Lee and Rosen 2013, Econometrica 81:667, on intersection bounds).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from eudaimon.core.errors import UsageError
from eudaimon.core.score import Score
from eudaimon.measure.hierarchical import N_RESAMPLES, hierarchical
from eudaimon.measure.panel import Panel
from eudaimon.measure.panel_resampling import factor, resampled_means

LEAST = 1e-12
"""Of a standard deviation, so that means that do not vary can be divided by it."""


@dataclass(frozen=True)
class WorstCase:
    """``worst`` and ``mean`` over attacks, each with a 95 % interval over seeds and questions.

    ``which`` had the largest mean; ``bias``, 0 or more, is by how much the largest of resampled means exceeds
    it on average, about as much as the value itself is too large. ``shares`` says in what share of the
    resamples each attack was the worst.
    """

    worst: Score
    mean: Score
    which: str
    bias: float
    shares: Mapping[str, float]


def worst_case(
    attacks: Mapping[str, Panel],
    *,
    limits: tuple[float, float] | None = None,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> WorstCase:
    """The mean and the largest of the attacks' means; their panels share seeds and questions.

    One question of one seed gives values without intervals. Raises `UsageError` without an attack, and as
    `Panel.minus` where a panel has other seeds or questions.
    """
    if not attacks:
        raise UsageError("there is no attack", right="one at least")
    names, panels = list(attacks), list(attacks.values())
    for panel in panels[1:]:
        panels[0].minus(panel)
    n = len(panels[0].questions)
    average = Panel(
        np.mean([panel.values for panel in panels], axis=0),
        panels[0].seed,
        panels[0].question,
        panels[0].seeds,
        panels[0].questions,
    )
    mean = hierarchical(average, limits=limits, n_resamples=n_resamples, seed=seed)
    means = np.array([panel.mean for panel in panels])
    value, which = float(means.max()), names[int(means.argmax())]
    if mean.low is None:
        alone = {name: float(name == which) for name in names}
        return WorstCase(Score(value=value, n=n), Score(value=mean.value, n=n), which, 0.0, alone)
    drawn = np.array([resampled_means(panel, n_resamples, seed) for panel in panels])
    factors = np.array([factor(panel, True) for panel in panels])
    away = factors[:, None] * (drawn - means[:, None])
    wide = np.maximum(away.std(axis=1, keepdims=True), LEAST)
    low = float((means - np.quantile((away / wide).max(axis=0), 0.975) * wide[:, 0]).max())
    high = float((means + np.quantile((-away / wide).max(axis=0), 0.975) * wide[:, 0]).max())
    low, high = min(low, value), max(high, value)
    if limits is not None:
        low, high = max(low, limits[0]), min(high, limits[1])
    shown = means[:, None] + away
    picked = np.bincount(shown.argmax(axis=0), minlength=len(names)) / n_resamples
    return WorstCase(
        worst=Score(value=value, low=low, high=high, n=n),
        mean=Score(value=mean.value, low=mean.low, high=mean.high, n=n),
        which=which,
        bias=max(0.0, float(shown.max(axis=0).mean()) - value),
        shares=dict(zip(names, picked.tolist(), strict=True)),
    )
