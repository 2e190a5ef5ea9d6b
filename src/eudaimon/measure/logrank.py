"""Whether two groups take equally long: the log-rank test, stratified, and by permutation for few clusters.

Mantel (1966), Cancer Chemother. Rep. 50:163. With a handful of seeds its chi-squared law is a fiction; the
permutation that swaps the two groups within a seed is exact, and says how small a p so few seeds allow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import ArrayLike
from scipy import stats

from eudaimon.core.errors import UsageError
from eudaimon.measure.inputs import labels, same_length
from eudaimon.measure.resampling import codes
from eudaimon.measure.survival import censored

EXACT = 14
"""So many clusters are swapped in all ways; more in random ones."""
N_PERMUTATIONS = 10_000
ROUNDING = 1e-9


@dataclass(frozen=True)
class LogRank:
    """Events ``observed`` in group a and ``expected`` if both took equally long: fewer means it takes longer.

    ``statistic`` is chi-squared with one degree of freedom and ``p`` its tail; ``p_swapped`` the two-sided
    share of swaps that go as far, None without clusters, at least ``p_least``.
    """

    observed: float
    expected: float
    statistic: float
    p: float
    n: int
    p_swapped: float | None = None
    p_least: float | None = None
    n_swaps: int = 0


def logrank(
    times: ArrayLike,
    seen: ArrayLike,
    is_a: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    seed: int = 0,
) -> LogRank:
    """The log-rank test of group a (``is_a``) against the rest; ``times`` and ``seen`` as `survival_curve`.

    Only units of one stratum are compared. ``clusters`` are seeds that have units of both groups: all of a
    cluster's units change groups together, in every way where there are few clusters. Raises `UsageError`
    where a group is empty, where no event is seen, or a cluster has one group only.
    """
    time, event = censored(times, seen)
    group = labels(is_a)
    same_length(times=time, is_a=group)
    if group.all() or not group.any():
        raise UsageError("all units are of one group", right="two groups")
    if not event.any():
        raise UsageError("nothing happened to any unit: there is no time to compare", right="one event")
    stratum = np.zeros(len(time), np.int64) if strata is None else codes(strata, "strata", len(time))
    tables = _Tables(time, event, stratum)
    observed, expected, variance = tables.of(group)
    statistic = (observed - expected) ** 2 / variance if variance > 0 else 0.0
    found = LogRank(observed, expected, statistic, float(stats.chi2.sf(statistic, 1)), len(time))
    if clusters is None:
        return found
    cluster = codes(clusters, "clusters", len(time))
    n = int(cluster.max()) + 1
    for place in range(n):
        if len(set(group[cluster == place].tolist())) < 2:
            raise UsageError("a cluster has units of one group only", right="both groups in each cluster")
    drawn = []
    for swapped in _swaps(n, seed):
        one, other, _ = tables.of(group ^ swapped[cluster])
        drawn.append(abs(one - other))
    far = abs(observed - expected) - ROUNDING
    exact = n <= EXACT
    p = (sum(value >= far for value in drawn) + (not exact)) / (len(drawn) + (not exact))
    return LogRank(
        observed,
        expected,
        statistic,
        found.p,
        len(time),
        p_swapped=p,
        p_least=2 / 2**n if exact else 1 / (len(drawn) + 1),
        n_swaps=len(drawn),
    )


class _Tables:
    """At each event time of each stratum, who is at risk and how many events there are."""

    def __init__(
        self, time: Float[np.ndarray, "n"], event: Bool[np.ndarray, "n"], stratum: Int[np.ndarray, "n"]
    ) -> None:
        risk, happened = [], []
        for place in np.unique(stratum):
            inside = stratum == place
            for at in np.unique(time[event & inside]):
                risk.append(inside & (time >= at))
                happened.append(inside & event & (time == at))
        self.risk = np.array(risk, np.float64)
        self.happened = np.array(happened, np.float64)
        self.n, self.d = self.risk.sum(axis=1), self.happened.sum(axis=1)

    def of(self, group: Bool[np.ndarray, "n"]) -> tuple[float, float, float]:
        """Observed and expected events of a group, and the variance of their difference."""
        n_a = self.risk @ group
        share = n_a / self.n
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = np.where(
                self.n > 1, self.d * share * (1 - share) * (self.n - self.d) / (self.n - 1), 0.0
            )
        return float((self.happened @ group).sum()), float((self.d * share).sum()), float(variance.sum())


def _swaps(n: int, seed: int) -> Iterator[Bool[np.ndarray, "n"]]:
    if n <= EXACT:
        for number in range(2**n):
            yield (number >> np.arange(n)) % 2 == 1
        return
    rng = np.random.default_rng(seed)
    for _ in range(N_PERMUTATIONS):
        yield rng.random(n) < 0.5
