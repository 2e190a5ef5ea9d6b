"""How far raters agree: Krippendorff's alpha for any number of them, kappa and correlation for two."""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from eudaimon.core.errors import UsageError
from eudaimon.core.score import Score
from eudaimon.measure.inputs import numbers, same_length
from eudaimon.measure.intervals import Counted, percentile, resample
from eudaimon.measure.resampling import Design

Level = Literal["nominal", "ordinal"]


def krippendorff(
    ratings: ArrayLike, level: Level = "nominal", *, n_resamples: int = 1000, seed: int = 0, unit: str = ""
) -> Score:
    """Krippendorff's alpha with its 95 % bootstrap interval over units: 1 is full agreement, 0 is chance.

    ``ratings`` has a row for each unit and a column for each rater, NaN where there is none. ``ordinal``
    takes the numbers as ranks, ``nominal`` as names. ``n`` counts the units with two ratings or more; others
    say nothing about agreement. Where agreement is full the interval has no width. Raises `UsageError`
    when no unit has two ratings, when all ratings are the same (there is no disagreement to expect, so
    alpha is undefined), and on an unknown level. Krippendorff (2019), Content Analysis, chapter 12.
    """
    if level not in ("nominal", "ordinal"):
        raise UsageError(f"{level!r} is no level of measurement", right="nominal or ordinal")
    values, pairs = _coincidences(ratings)
    if len(pairs) == 0:
        raise UsageError("no unit has two ratings", right="units that two raters have rated")
    if len(values) < 2:
        raise UsageError(
            f"all ratings are {values[0]:g}: alpha is undefined", right="ratings that differ anywhere"
        )

    def counted(counts: Int[np.ndarray, "b units"]) -> Float[np.ndarray, "b"]:
        drawn = (counts @ pairs.reshape(len(pairs), -1)).reshape(-1, *pairs.shape[1:])
        return _alpha(drawn, level)

    design = Design.of(len(pairs))
    (value,) = counted(np.ones((1, len(pairs)), dtype=np.int64))
    low, high = percentile(resample(counted, design, n_resamples, seed))
    return Score(value=float(value), low=low, high=high, n=len(pairs), unit=unit)


def cohen_kappa(
    a: ArrayLike,
    b: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    n_resamples: int = 1000,
    seed: int = 0,
    unit: str = "",
) -> Score:
    """Cohen's kappa of two raters' categories with its 95 % bootstrap interval: 1 is agreement, 0 chance.

    ``a`` and ``b`` hold numbers that name categories, one per item. Whole ``clusters`` are resampled where
    items depend on one another; ``n`` counts what is resampled. Raises `UsageError` when both raters give one
    and the same category to everything, where kappa is undefined. Cohen (1960), EPM 20:37.
    """
    first, second = _two(a, b)
    values = np.unique(np.concatenate([first, second]))
    met = ((first[:, None] == values)[:, :, None] & (second[:, None] == values)[:, None, :]).astype(float)

    def counted(counts: Int[np.ndarray, "b n"]) -> Float[np.ndarray, "b"]:
        tables = (counts @ met.reshape(len(met), -1)).reshape(-1, len(values), len(values))
        tables /= tables.sum(axis=(1, 2), keepdims=True)
        seen = np.trace(tables, axis1=1, axis2=2)
        chance = (tables.sum(axis=2) * tables.sum(axis=1)).sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(chance < 1 - 1e-12, (seen - chance) / (1 - chance), np.nan)

    if len(values) < 2:
        raise UsageError(
            f"both say {values[0]:g} of everything: kappa is undefined",
            right="categories that differ anywhere",
        )
    return _resampled(counted, len(first), clusters, n_resamples, seed, unit)


def pearson(
    a: ArrayLike,
    b: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    n_resamples: int = 1000,
    seed: int = 0,
    unit: str = "",
) -> Score:
    """Pearson's correlation of two raters' numbers, in [-1, 1], with its 95 % bootstrap interval.

    Arguments and ``n`` as in `cohen_kappa`. Raises `UsageError` when one of them says the same of everything.
    """
    first, second = _two(a, b)
    for name, row in (("first", first), ("second", second)):
        if np.ptp(row) == 0:
            raise UsageError(
                f"the {name} says {row[0]:g} of everything: the correlation is undefined",
                right="numbers that differ anywhere",
            )
    # Centred once, so that sums of squares lose no digits.
    x, y = first - first.mean(), second - second.mean()
    parts = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1)
    least = 1e-12 * np.array([(x * x).mean(), (y * y).mean()])

    def counted(counts: Int[np.ndarray, "b n"]) -> Float[np.ndarray, "b"]:
        sums = counts @ parts
        mean_x, mean_y, xx, yy, xy = (sums[:, 1:] / sums[:, :1]).T
        var_x, var_y = xx - mean_x**2, yy - mean_y**2
        with np.errstate(invalid="ignore", divide="ignore"):
            found = (xy - mean_x * mean_y) / np.sqrt(var_x * var_y)
        return np.where((var_x > least[0]) & (var_y > least[1]), np.clip(found, -1, 1), np.nan)

    return _resampled(counted, len(first), clusters, n_resamples, seed, unit)


def _two(a: ArrayLike, b: ArrayLike) -> tuple[Float[np.ndarray, "n"], Float[np.ndarray, "n"]]:
    first, second = numbers(a, "a", finite=True), numbers(b, "b", finite=True)
    same_length(a=first, b=second)
    return first, second


def _resampled(
    counted: Counted, n: int, clusters: ArrayLike | None, n_resamples: int, seed: int, unit: str
) -> Score:
    design = Design.of(n, clusters=clusters)
    (value,) = counted(np.ones((1, n), dtype=np.int64))
    low, high = percentile(resample(counted, design, n_resamples, seed))
    return Score(value=float(value), low=low, high=high, n=design.n_units, unit=unit)


def _coincidences(ratings: ArrayLike) -> tuple[Float[np.ndarray, "k"], Float[np.ndarray, "units k k"]]:
    """The values in rising order, and for each unit how often each value meets each other in it."""
    table = np.asarray(ratings, dtype=np.float64)
    if table.ndim != 2:
        raise UsageError(f"ratings have shape {table.shape}", right="a row per unit, a column per rater")
    table = table[(~np.isnan(table)).sum(axis=1) >= 2]
    values = np.unique(table[~np.isnan(table)])
    chosen = (table[:, :, None] == values).sum(axis=1).astype(np.float64)  # units k
    n_ratings = chosen.sum(axis=1)
    pairs = chosen[:, :, None] * chosen[:, None, :]
    pairs -= np.eye(len(values)) * chosen[:, :, None]
    return values, pairs / np.maximum(n_ratings - 1, 1)[:, None, None]


def _alpha(coincidences: Float[np.ndarray, "b k k"], level: Level) -> Float[np.ndarray, "b"]:
    """Alpha of each table of coincidences; NaN where all its values are the same."""
    of_value = coincidences.sum(axis=2)  # b k
    n = of_value.sum(axis=1)
    if level == "nominal":
        distance = np.broadcast_to(1.0 - np.eye(of_value.shape[1]), coincidences.shape)
    else:
        # Between two ranks lie half of each and all that is between them.
        middle = np.cumsum(of_value, axis=1) - of_value / 2
        distance = (middle[:, :, None] - middle[:, None, :]) ** 2
    seen = (coincidences * distance).sum(axis=(1, 2))
    expected = (of_value[:, :, None] * of_value[:, None, :] * distance).sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(expected > 0, 1 - (n - 1) * seen / expected, np.nan)
