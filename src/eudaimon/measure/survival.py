"""Times until something happens, some of them only known to be longer: the Kaplan-Meier curve.

Kaplan and Meier (1958), J. Am. Stat. Assoc. 53:457; Greenwood's variance on the log-log scale, Kalbfleisch
and Prentice (2002), section 1.4; units that depend on one another, Ying and Wei (1994), J. Multivar. Anal.
50:17.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import ArrayLike
from scipy import stats

from eudaimon.core.errors import UsageError
from eudaimon.measure.inputs import labels, numbers, rate, same_length
from eudaimon.measure.resampling import codes


@dataclass(frozen=True, eq=False)
class SurvivalCurve:
    """The share of units that nothing has happened to, right after each time at which something did.

    ``survival`` falls in [0, 1] with ``low`` and ``high``; ``at_risk`` and ``events`` are counts at each of
    ``times``, ``n`` all units and ``n_clusters`` the groups of them that were counted as one (0: each alone).
    """

    times: Float[np.ndarray, "t"]
    survival: Float[np.ndarray, "t"]
    low: Float[np.ndarray, "t"]
    high: Float[np.ndarray, "t"]
    at_risk: Int[np.ndarray, "t"]
    events: Int[np.ndarray, "t"]
    variance: Float[np.ndarray, "t"]
    """Of ``survival``."""
    n: int
    n_clusters: int = 0

    def at(self, time: float) -> tuple[float, float, float]:
        """The share that is left after ``time``, with its interval; 1 before the first event."""
        place = int(np.searchsorted(self.times, time, side="right")) - 1
        if place < 0:
            return 1.0, 1.0, 1.0
        return float(self.survival[place]), float(self.low[place]), float(self.high[place])

    def time_of(self, share: float = 0.5) -> tuple[float | None, float | None, float | None]:
        """The first time at which at most ``share`` is left, and its interval; None: not within the times.

        Share 0.5 is the median. The interval holds all times at which the curve's own interval holds the
        share (Brookmeyer and Crowley 1982, Biometrics 38:29).
        """
        rate(share, "share")

        def first(curve: Float[np.ndarray, "t"]) -> float | None:
            # A share that is met exactly must not be missed for a rounding error in a product.
            below = np.flatnonzero(curve <= share + 1e-12)
            return float(self.times[below[0]]) if len(below) else None

        return first(self.survival), first(self.low), first(self.high)


def survival_curve(
    times: ArrayLike, seen: ArrayLike, *, clusters: ArrayLike | None = None, level: float = 0.95
) -> SurvivalCurve:
    """The Kaplan-Meier curve of times over 0; ``seen`` is False where the unit was only watched that long.

    Intervals are Greenwood's on the log-log scale, or with ``clusters`` (the seed of each unit, say) those of
    the robust variance between clusters, with Student's t. They speak of each time alone, not of the whole
    curve. Raises `UsageError` on times of 0 or less, and on fewer than two clusters.
    """
    time, event = censored(times, seen)
    rate(level, "level")
    at = np.unique(time[event])
    at_risk = (time[:, None] >= at).sum(axis=0)
    events = ((time[:, None] == at) & event[:, None]).sum(axis=0)
    survival = np.cumprod(1 - events / at_risk)
    z, n_clusters = float(stats.norm.ppf((1 + level) / 2)), 0
    with np.errstate(divide="ignore", invalid="ignore"):
        of_log = np.cumsum(events / (at_risk * (at_risk - events)))
    if clusters is not None:
        group = codes(clusters, "clusters", len(time))
        n_clusters = int(group.max()) + 1
        if n_clusters < 2:
            raise UsageError("there is one cluster", right="two at least, or none given")
        of_log = _between(time, event, at, at_risk, events, group)
        z = float(stats.t.ppf((1 + level) / 2, n_clusters - 1))
    low, high = _limits(survival, of_log, z)
    with np.errstate(invalid="ignore"):
        variance = np.where(survival > 0, survival**2 * of_log, 0.0)
    return SurvivalCurve(at, survival, low, high, at_risk, events, variance, len(time), n_clusters)


def censored(times: ArrayLike, seen: ArrayLike) -> tuple[Float[np.ndarray, "n"], Bool[np.ndarray, "n"]]:
    """Times over 0 and whether each ended in an event; raises `UsageError` otherwise."""
    time, event = numbers(times, "times", finite=True), labels(seen)
    same_length(times=time, seen=event)
    if (time <= 0).any():
        raise UsageError(f"a time is {time.min():g}", right="times over 0")
    return time, event


def _limits(
    survival: Float[np.ndarray, "t"], of_log: Float[np.ndarray, "t"], z: float
) -> tuple[Float[np.ndarray, "t"], Float[np.ndarray, "t"]]:
    inside = (survival > 0) & (survival < 1)
    low, high = survival.copy(), survival.copy()
    shift = np.exp(z * np.sqrt(of_log[inside]) / np.abs(np.log(survival[inside])))
    low[inside], high[inside] = survival[inside] ** shift, survival[inside] ** (1 / shift)
    # Where nothing is left there is no variance to go by: no more is claimed than just before.
    if len(survival) and survival[-1] == 0:
        high[-1] = high[-2] if len(survival) > 1 else 1.0
    return low, high


def _between(
    time: Float[np.ndarray, "n"],
    event: Bool[np.ndarray, "n"],
    at: Float[np.ndarray, "t"],
    at_risk: Int[np.ndarray, "t"],
    events: Int[np.ndarray, "t"],
    group: Int[np.ndarray, "n"],
) -> Float[np.ndarray, "t"]:
    """The variance of the cumulative hazard from each cluster's influence on it."""
    jumps = ((time[:, None] == at) & event[:, None]) / at_risk
    drift = (time[:, None] >= at) * (events / at_risk**2)
    influence = np.cumsum(jumps - drift, axis=1)
    n_groups = int(group.max()) + 1
    summed = np.zeros((n_groups, len(at)))
    np.add.at(summed, group, influence)
    found: Float[np.ndarray, "t"] = n_groups / (n_groups - 1) * (summed**2).sum(axis=0)
    return found
