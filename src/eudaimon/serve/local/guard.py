"""With what an answerer watches itself: a monitor, its thresholds, and what follows a hit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eudaimon.core import UsageError
from eudaimon.monitor.guard_calibration import HOLD_BACK
from eudaimon.serve.local.steering import Steer

if TYPE_CHECKING:
    from eudaimon.monitor.band import Band
    from eudaimon.monitor.monitor import Monitor
    from eudaimon.serve.second import Second
    from eudaimon.vectors.direction import Direction


@dataclass(frozen=True, eq=False)
class Guard:
    """A monitor with the scores at which it flags what was asked, a finished answer, and one that grows.

    With ``answers``, a monitor of the same model that reads answers, that one reads them, and the other what
    was asked. ``output`` is for the highest of all looks at an answer, ``whole`` for one that is given whole.
    ``hold_back`` tokens beyond those that passed are kept while an answer grows. The monitor has ``seconds``
    for each look, ``second`` has ``second_seconds``. With ``steer`` a hit in mode ``block`` steers first and
    ends the answer only when that is flagged too. ``promise`` says at what rate the thresholds were set.
    """

    monitor: Monitor
    input: float
    output: float
    whole: float
    hold_back: int = HOLD_BACK
    fail_open: bool = False
    seconds: float = 10.0
    second: Second | None = None
    second_seconds: float = 60.0
    steer: Steer | None = None
    promise: str = ""
    answers: Monitor | None = None

    def __post_init__(self) -> None:
        if self.monitor.reads != "text":
            raise UsageError(
                "this monitor reads answers, and nobody would read what is asked",
                right="a monitor of texts, and this one beside it",
                do="--monitor FILE --answers FILE",
            )
        if self.answers is not None and self.answers.reads != "answer":
            raise UsageError(
                "the monitor of answers reads texts",
                right="one that was fitted to read answers",
                do="eudaimon monitor fit --reads answer",
            )
        if self.hold_back < 0 or not self.seconds > 0 or not self.second_seconds > 0:
            raise UsageError(
                f"hold_back {self.hold_back}, {self.seconds} s and {self.second_seconds} s make no guard",
                right="hold_back >= 0 and seconds > 0",
            )

    @property
    def reader(self) -> Monitor:
        """Who reads answers."""
        return self.answers or self.monitor

    @property
    def band(self) -> Band | None:
        """The scores for which the second opinion is asked."""
        return self.second.band if self.second is not None else None


@dataclass(frozen=True, eq=False)
class Drift:
    """A persona direction, and the projection of an answer from which an alert is given (None: never)."""

    direction: Direction
    bound: float | None = None
