"""How far a conversation drifts along a direction, answer by answer, and the bound of harmless answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from eudaimon.core.errors import BindingMismatch, UsageError
from eudaimon.core.score import Score
from eudaimon.dashboard.asking import Asked
from eudaimon.dashboard.store import Found
from eudaimon.evaluate.drift import turn_projections
from eudaimon.monitor.guard_calibration import Calibration
from eudaimon.report.words import number
from eudaimon.vectors.direction import Direction, direction_hash
from eudaimon.vectors.direction_set import DirectionSet


@dataclass(frozen=True)
class Bounds:
    """The calibrations that bound the drift along a direction on the model that is open.

    ``refused`` says of the others along this direction why they do not count.
    """

    found: tuple[tuple[Found, Calibration], ...]
    refused: tuple[str, ...]


def followed(directions: DirectionSet) -> Direction:
    """The direction of a file that is followed: the middle one, as for `eudaimon serve` and its bound."""
    return directions.directions[len(directions) // 2]


def drift_of(asked: Asked, direction: Direction) -> tuple[Score, ...]:
    """Where the conversation stands along a direction after each answer, one number each.

    In residual-stream units, of the mean over the answer's own tokens. Raises `BindingMismatch` for a
    direction of another model, and `UsageError` before the first answer.
    """
    if asked.chat is None or not asked.chat.conversation:
        raise UsageError("nothing was answered yet", right="one answer or more")
    values: Float[np.ndarray, "turns"]
    (values,) = turn_projections(
        asked.chat.model, direction, [asked.chat.conversation], force=asked.choice.force
    )
    return tuple(Score(value=float(value), n=1) for value in values)


def bounds_of(asked: Asked, direction: Direction, calibrations: Iterable[Found]) -> Bounds:
    """What calibrations say of the drift along this very direction; those of others are left out."""
    name = direction_hash(direction)
    found, refused = [], []
    for one in calibrations:
        try:
            made = Calibration.load(one.path)
        except UsageError as error:
            refused.append(str(error))
            continue
        if made.drift is None or made.direction != name:
            continue
        try:
            made.binding.require(asked.model.binding, "calibration", force=asked.choice.force)
        except BindingMismatch as error:
            refused.append(f"{one.name}: {error}")
        else:
            found.append((one, made))
    return Bounds(tuple(found), tuple(refused))


def reached(scores: Iterable[Score], bound: float) -> tuple[int, ...]:
    """The answers, from 1, whose projection reaches a bound."""
    return tuple(turn for turn, score in enumerate(scores, start=1) if score.value >= bound)


def bound_words(made: Calibration) -> str:
    """How often harmless answers reach the bound of a calibration, and on how many that rests."""
    assert made.drift is not None
    return (
        f"Of harmless answers like those of its calibration (n = {made.n}: {made.whence}) at most "
        f"{100 * made.fpr:.3g} % reach {number(made.drift)}. Many answers have many chances to."
    )
