"""How many times longer one group takes than another: accelerated failure times, censored in any way.

``log T = x b + s e``, where e has the smallest extreme value's law (T is Weibull) or the normal one (T is
log-normal), by maximum likelihood. Kalbfleisch and Prentice (2002), chapter 3; variances between clusters,
Lin and Wei (1989), J. Am. Stat. Assoc. 84:1074.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp
from typing import Literal, TypeAlias

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy import optimize, stats

from eudaimon.core.errors import UsageError
from eudaimon.measure.inputs import numbers, same_length
from eudaimon.measure.resampling import codes

Law: TypeAlias = Literal["weibull", "lognormal"]
STEP = 1e-5
FLOOR = 1e-300
MOST = 300.0
"""A log ratio beyond which there is none."""
STEEPEST = 1e-3
"""Of a gradient per unit that counts as zero at the maximum."""
FLAT = 1e-10
"""Of a curvature per unit that counts as none."""


@dataclass(frozen=True)
class TimeRatio:
    """How many times longer: ``ratio`` over 0 with its 95 % interval, two-sided ``p`` against 1."""

    ratio: float
    low: float
    high: float
    p: float
    freedom: float
    """Degrees of freedom of Student's t; infinite without clusters."""


@dataclass(frozen=True, eq=False)
class Aft:
    """The fitted ``coefficients`` of log time (natural), their ``covariance``, ``scale`` s, log-likelihood.

    ``n_clusters`` is 0 where each unit counts alone.
    """

    law: Law
    coefficients: Float[np.ndarray, "p"]
    covariance: Float[np.ndarray, "p p"]
    scale: float
    log_likelihood: float
    n: int
    n_clusters: int = 0

    def ratio(self, weights: Sequence[float]) -> TimeRatio:
        """exp of a weighted sum of coefficients: a difference of two log times, as a ratio of times.

        Raises `UsageError` for another number of weights, and where the ratio has no bound.
        """
        row = np.asarray(weights, np.float64)
        if row.shape != self.coefficients.shape:
            raise UsageError(f"{row.size} weights for {self.coefficients.size} coefficients")
        value, se = float(row @ self.coefficients), float(np.sqrt(row @ self.covariance @ row))
        freedom = self.n_clusters - 1 if self.n_clusters else np.inf
        half = float(stats.t.ppf(0.975, freedom)) * se
        if not max(abs(value), half) < MOST:
            raise UsageError(
                "the times of two groups do not overlap: there is no ratio", right="some overlap"
            )
        p = 2 * float(stats.t.sf(abs(value) / se, freedom)) if se > 0 else float(value == 0)
        return TimeRatio(exp(value), exp(value - half), exp(value + half), p, float(freedom))


def aft(
    low: ArrayLike,
    high: ArrayLike,
    design: ArrayLike,
    *,
    law: Law = "weibull",
    clusters: ArrayLike | None = None,
) -> Aft:
    """The model of times in ``(low, high]``, one row of ``design`` a unit (a column of ones is not added).

    ``low == high`` is an exact time, an infinite ``high`` one that was only watched until ``low``, ``low`` 0
    one that ended some time before ``high``. With ``clusters`` the covariance is the sandwich between them.
    Raises `UsageError` on impossible intervals, on fewer than two clusters, on columns that depend on one
    another, and where the likelihood has no maximum, or a flat one: a group to which nothing happened has no
    longest time, and one to which all happened in the first interval no shortest.
    """
    begin, end = numbers(low, "low"), numbers(high, "high")
    x = np.asarray(design, np.float64)
    n = same_length(low=begin, high=end, design=x)
    if (begin < 0).any() or (end < begin).any() or (end <= 0).any() or np.isinf(begin).any():
        raise UsageError("an interval of time is empty or begins below 0", right="0 <= low <= high")
    if x.ndim != 2 or np.linalg.matrix_rank(x) < x.shape[1]:
        raise UsageError("the columns of the design depend on one another", right="one column a contrast")
    _require_events(end, x)
    group = None if clusters is None else codes(clusters, "clusters", n)
    if group is not None and group.max() < 1:
        raise UsageError("there is one cluster", right="two at least, or none given")
    fitted = _Fit(begin, end, x, law)
    start = np.append(fitted.guess(), 0.0)
    found = optimize.minimize(fitted.loss, start, jac=True, method="BFGS")
    score = fitted.scores(found.x)[1]
    if not np.isfinite(found.fun) or np.abs(score.sum(axis=0)).max() > STEEPEST * n:
        raise UsageError("the likelihood has no maximum that could be found", right="events in each group")
    curvature = _curvature(lambda at: fitted.loss(at)[1], found.x)
    if not np.isfinite(curvature).all() or np.linalg.eigvalsh(curvature)[0] <= FLAT * n:
        raise UsageError(
            "the likelihood is flat where it is largest: the intervals do not say when",
            right="shorter intervals",
        )
    bread = np.linalg.inv(curvature)
    covariance = bread
    if group is not None:
        n_groups = int(group.max()) + 1
        summed = np.zeros((n_groups, score.shape[1]))
        np.add.at(summed, group, score)
        covariance = n_groups / (n_groups - 1) * bread @ (summed.T @ summed) @ bread
    return Aft(
        law=law,
        coefficients=found.x[:-1],
        covariance=covariance[:-1, :-1],
        scale=exp(found.x[-1]),
        log_likelihood=-float(found.fun),
        n=n,
        n_clusters=0 if group is None else int(group.max()) + 1,
    )


def _require_events(end: Float[np.ndarray, "n"], x: Float[np.ndarray, "n p"]) -> None:
    seen = np.isfinite(end)
    if not seen.any() or np.linalg.matrix_rank(x[seen]) < x.shape[1]:
        raise UsageError(
            "a group of the design has no event: its time has no upper bound",
            right="an event in each group",
            do="the log-rank test, which needs none",
        )


class _Fit:
    """The likelihood of intervals and its derivatives in the coefficients and the log of the scale."""

    def __init__(
        self,
        begin: Float[np.ndarray, "n"],
        end: Float[np.ndarray, "n"],
        x: Float[np.ndarray, "n p"],
        law: Law,
    ) -> None:
        self.exact = begin == end
        with np.errstate(divide="ignore"):
            self.low, self.high = np.log(begin), np.log(end)
        self.x, self.law = x, law

    def guess(self) -> Float[np.ndarray, "p"]:
        """Least squares on the ends of the intervals that are known."""
        middle = np.where(np.isfinite(self.high), self.high, self.low)
        found: Float[np.ndarray, "p"] = np.linalg.lstsq(self.x, middle, rcond=None)[0]
        return found

    def loss(self, at: Float[np.ndarray, "q"]) -> tuple[float, Float[np.ndarray, "q"]]:
        """Minus the log-likelihood, and its gradient."""
        value, score = self.scores(at)
        return -float(value.sum()), -score.sum(axis=0)

    def scores(self, at: Float[np.ndarray, "q"]) -> tuple[Float[np.ndarray, "n"], Float[np.ndarray, "n q"]]:
        """The log-likelihood of each unit, and its derivatives."""
        scale = np.exp(np.clip(at[-1], -20, 20))
        eta = self.x @ at[:-1]
        low, high = (self.low - eta) / scale, (self.high - eta) / scale
        # An interval's log probability, and what it changes by with either end.
        inside = np.maximum(_left(low, self.law) - _left(high, self.law), FLOOR)
        by_low, by_high = -_density(low, self.law) / inside, _density(high, self.law) / inside
        value = np.log(inside)
        exact = self.exact
        value[exact] = _log_density(low[exact], self.law) - np.log(scale) - self.low[exact]
        by_low[exact], by_high[exact] = _slope(low[exact], self.law), 0.0
        # d z / d eta = -1 / scale and d z / d log scale = -z; at an infinite end there is nothing to change.
        ends = [(by_low, low), (by_high, high)]
        by_eta = -sum(by for by, _ in ends) / scale
        by_scale = -sum(
            np.where(np.isfinite(z), by * np.where(np.isfinite(z), z, 0.0), 0.0) for by, z in ends
        )
        by_scale = by_scale - exact
        return value, np.column_stack([by_eta[:, None] * self.x, by_scale])


def _left(z: Float[np.ndarray, "n"], law: Law) -> Float[np.ndarray, "n"]:
    """The share that lasts longer than z."""
    found: Float[np.ndarray, "n"] = (
        np.exp(-np.exp(np.minimum(z, 50.0))) if law == "weibull" else stats.norm.sf(z)
    )
    return found


def _log_density(z: Float[np.ndarray, "n"], law: Law) -> Float[np.ndarray, "n"]:
    found: Float[np.ndarray, "n"] = (
        z - np.exp(np.minimum(z, 50.0)) if law == "weibull" else stats.norm.logpdf(z)
    )
    return found


def _density(z: Float[np.ndarray, "n"], law: Law) -> Float[np.ndarray, "n"]:
    """0 at either infinity."""
    found = np.zeros_like(z)
    known = np.isfinite(z)
    found[known] = np.exp(_log_density(z[known], law))
    return found


def _slope(z: Float[np.ndarray, "n"], law: Law) -> Float[np.ndarray, "n"]:
    """Of the log density."""
    return 1 - np.exp(np.minimum(z, 50.0)) if law == "weibull" else -z


def _curvature(
    gradient: Callable[[Float[np.ndarray, "q"]], Float[np.ndarray, "q"]], at: Float[np.ndarray, "q"]
) -> Float[np.ndarray, "q q"]:
    """Central differences of a gradient, made symmetric."""
    step = np.eye(len(at)) * STEP
    found = np.array([(gradient(at + each) - gradient(at - each)) / (2 * STEP) for each in step])
    symmetric: Float[np.ndarray, "q q"] = (found + found.T) / 2
    return symmetric
