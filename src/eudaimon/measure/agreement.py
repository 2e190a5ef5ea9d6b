"""How far raters agree beyond chance: Krippendorff's alpha, with missing ratings and any number of raters."""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from eudaimon.core.errors import UsageError
from eudaimon.core.score import Score
from eudaimon.measure.intervals import percentile, resample
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
