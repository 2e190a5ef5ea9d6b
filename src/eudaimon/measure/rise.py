"""Curves with a floor, a logistic rise and a plateau, fitted to many at once.

For given midpoint and width the floor and the plateau are a linear regression. So all curves are fitted on
one grid of midpoints and widths by a single matrix product, and no fit gets stuck. Straight climbs are fitted
too, by the widest rise there is: onset to end then take over half of all steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np
from jaxtyping import Float
from scipy.special import expit

from eudaimon.core.errors import UsageError

NINE_TENTHS = log(9)
"""Widths between the midpoint and the step at which 90 % of the rise have happened."""
SEEN = 0.8
"""The least share of the rise that lies inside of the steps: floor and plateau must both be seen."""
N_WIDTHS = 10
PER_STEP = 8
AT_ONCE = 4_000_000


@dataclass(frozen=True, eq=False)
class Rises:
    """Of each curve the midpoint and width in steps, and the height of the rise (over 0)."""

    midpoint: Float[np.ndarray, "curves"]
    width: Float[np.ndarray, "curves"]
    rise: Float[np.ndarray, "curves"]


def fit_rises(steps: Float[np.ndarray, "steps"], curves: Float[np.ndarray, "curves steps"]) -> Rises:
    """The least-squares rise of each curve: ``floor + rise * expit((step - midpoint) / width)``.

    Widths lie between half of the mean distance of steps and an eighth of their range, midpoints where at
    least `SEEN` of the rise is inside of the steps. A curve that only falls has a rise of 0. Raises
    `UsageError` on fewer than six steps or steps that do not increase.
    """
    if len(steps) < 6 or (np.diff(steps) <= 0).any():
        raise UsageError(f"the steps are {steps.tolist()}", right="six or more, in increasing order")
    midpoint, width = _candidates(steps)
    shape = expit((steps - midpoint[:, None]) / width[:, None])
    centre = shape - shape.mean(1, keepdims=True)
    length = np.sqrt((centre**2).sum(1))
    unit = (centre / length[:, None]).T
    best = np.empty(len(curves), dtype=np.int64)
    gain = np.empty(len(curves))
    block = max(1, AT_ONCE // len(midpoint))
    for start in range(0, len(curves), block):
        along = curves[start : start + block] @ unit
        chosen = along.argmax(1)
        best[start : start + block] = chosen
        gain[start : start + block] = along[np.arange(len(chosen)), chosen]
    return Rises(midpoint[best], width[best], np.maximum(0.0, gain / length[best]))


def _candidates(
    steps: Float[np.ndarray, "steps"],
) -> tuple[Float[np.ndarray, "candidates"], Float[np.ndarray, "candidates"]]:
    apart, span = float(np.diff(steps).mean()), float(steps[-1] - steps[0])
    # Between two neighbours the grid is equally fine whatever their distance.
    places = np.interp(np.arange((len(steps) - 1) * PER_STEP + 1) / PER_STEP, np.arange(len(steps)), steps)
    widths = np.geomspace(apart / 2, max(apart, span / 8), N_WIDTHS)
    midpoint, width = (grid.ravel() for grid in np.meshgrid(places, widths, indexing="ij"))
    inside = expit((steps[-1] - midpoint) / width) - expit((steps[0] - midpoint) / width)
    return midpoint[inside >= SEEN], width[inside >= SEEN]
