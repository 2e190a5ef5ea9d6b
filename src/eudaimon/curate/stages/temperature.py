"""How sure heads should be: temperatures fitted on rows that they were not trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from eudaimon.curate.stages.targets import Target

GRID = np.exp(np.linspace(np.log(0.25), np.log(8.0), 81))
"""Temperatures that are tried."""
ENOUGH = 20
"""Calibration rows of either answer for a category to have a temperature of its own."""


def temperatures(
    wanted: Sequence[Target],
    logits: Float[np.ndarray, "rows outputs"],
    rows: Bool[np.ndarray, " n"],
    weights: Float[np.ndarray, " n"],
) -> Float[np.ndarray, " outputs"]:
    """What to divide each output by, so that the loss on the marked rows is lowest; `GRID` is tried.

    One for each head, and for a category with `ENOUGH` rows of either answer its own. ``logits`` are those
    of the marked rows; ``weights`` are of all.
    """
    found, place = [], 0
    for target in wanted:
        width = len(target.head.outputs)
        z, values = logits[:, place : place + width].astype(np.float64), target.values[rows]
        known, weight = target.known[rows], weights[rows]
        place += width
        shared = _best(target.head.kind, z, values, known, weight)
        own = np.full(width, shared, dtype=np.float32)
        if target.head.kind == "binary":
            for k in range(width):
                yes = (values[:, k] >= 0.5) & known[:, k]
                if min(yes.sum(), known[:, k].sum() - yes.sum()) >= ENOUGH:
                    cut = slice(k, k + 1)
                    own[k] = _best("binary", z[:, cut], values[:, cut], known[:, cut], weight)
        found.append(own)
    return np.concatenate(found)


def _best(kind: str, z: np.ndarray, values: np.ndarray, known: np.ndarray, weight: np.ndarray) -> float:
    """The temperature of the grid with the lowest loss; 1 for traits and where nothing is known."""
    if kind == "traits" or not (known * weight[:, None]).any():
        return 1.0
    losses = [_loss(kind, z / temperature, values, known, weight) for temperature in GRID]
    return float(GRID[int(np.argmin(losses))])


def _loss(kind: str, z: np.ndarray, values: np.ndarray, known: np.ndarray, weight: np.ndarray) -> float:
    """The weighted mean loss of the known labels; NaN without any."""
    if kind == "classes":
        each = -(values * (z - np.logaddexp.reduce(z, axis=1, keepdims=True))).sum(axis=1, keepdims=True)
        known = known[:, :1]
    elif kind == "traits":
        each = (np.tanh(z) - (2 * values - 1)) ** 2
    else:
        each = np.logaddexp(0, z) - values * z
    counted = known * weight[:, None]
    return float((each * counted).sum() / counted.sum()) if counted.any() else float("nan")


def held_out_losses(
    wanted: Sequence[Target],
    scaled: Float[np.ndarray, "rows outputs"],
    rows: Bool[np.ndarray, " n"],
    weights: Float[np.ndarray, " n"],
) -> dict[str, float]:
    """The mean loss of each head that has labels among the marked rows: nats, for traits a square."""
    found, place = {}, 0
    for target in wanted:
        width = len(target.head.outputs)
        z = scaled[:, place : place + width].astype(np.float64)
        place += width
        value = _loss(target.head.kind, z, target.values[rows], target.known[rows], weights[rows])
        if np.isfinite(value):
            found[target.head.name] = round(value, 6)
    return found
