"""A monitor with the thresholds at which it flags what is put, what was said, and an answer as it grows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from jaxtyping import Float

from eudaimon.core.errors import NotEnoughCalibration
from eudaimon.evaluate.watch.exchange import places
from eudaimon.measure.conformal import conformal_threshold
from eudaimon.monitor.scoring import scores_of

if TYPE_CHECKING:
    from eudaimon.core.text import Text
    from eudaimon.evaluate.watch.exchange import Exchange
    from eudaimon.models.model import Model
    from eudaimon.monitor.monitor import Monitor
    from eudaimon.monitor.verdict import Scorer

OnModel: TypeAlias = "Callable[[Model], Scorer]"
"""The same monitor reading a model that may have changed since it was fitted."""


@dataclass(frozen=True)
class Thresholds:
    """Scores at which a monitor flags: the prompt, the finished answer, and an answer at any of its tokens.

    The third is higher than the second: it is a bound on the highest of many looks. ``n`` exchanges that
    nobody attacked set them for the false-positive rate ``fpr``; ``whence`` says which these were.
    """

    prompt: float
    answer: float
    along: float
    fpr: float
    n: int
    whence: str

    def in_words(self) -> str:
        """At which rate they were set, and on what."""
        return f"thresholds for {100 * self.fpr:.3g} % of false alarms from {self.n} exchanges: {self.whence}"


@dataclass(frozen=True, eq=False)
class Looks:
    """The scores of one exchange: before the answer (``tokens`` 0), after some tokens, after the last."""

    tokens: tuple[int, ...]
    scores: Float[np.ndarray, "looks"]

    def flagged_after(self, threshold: float) -> int | None:
        """The tokens that were out at the first look whose score reaches the threshold; None for no look."""
        over = np.flatnonzero(self.scores >= threshold)
        return self.tokens[int(over[0])] if len(over) else None


@dataclass(frozen=True, eq=False)
class Watcher:
    """A monitor by name, how it reads a model, and its thresholds.

    ``rewrites`` are ways to disguise a request (`eudaimon.monitor.attacks`) in which an attacker words each
    question besides: of all harmful tries at a question he sends the one that the monitor sees least.
    """

    name: str
    on: OnModel
    thresholds: Thresholds
    rewrites: tuple[str, ...] = ()

    @classmethod
    def of(cls, monitor: Monitor, name: str, rewrites: Sequence[str] = ()) -> Watcher:
        """A monitor at its own threshold, which was set on whole texts: its rate along answers is higher."""
        value = monitor.threshold.value
        return cls(
            name,
            scorer_of(monitor),
            Thresholds(
                value, value, value, monitor.threshold.target_fpr, monitor.threshold.n, "those of its fit"
            ),
            tuple(rewrites),
        )

    def look(self, model: Model, exchanges: Sequence[Exchange]) -> list[Looks]:
        """The scores of each exchange on a model, higher is more dangerous; raises as the monitor does."""
        return look(self.on(model), model, exchanges)

    def calibrated(self, model: Model, benign: Sequence[Exchange], fpr: float, whence: str) -> Watcher:
        """The watcher with thresholds from exchanges that nobody attacked and that do no harm.

        Raises `NotEnoughCalibration` for fewer different questions than the rate needs.
        """
        asked = {exchange.shown(0) for exchange in benign}
        if len(asked) < len(benign):
            raise NotEnoughCalibration(
                f"{len(benign)} exchanges are about {len(asked)} questions",
                right="one exchange a question: others of the same one do not count",
            )
        found = self.look(model, benign)
        prompt, answer, along = (
            conformal_threshold(scores, fpr).value
            for scores in (
                [one.scores[0] for one in found],
                [one.scores[-1] for one in found],
                [one.scores.max() for one in found],
            )
        )
        return replace(self, thresholds=Thresholds(prompt, answer, along, fpr, len(benign), whence))


def scorer_of(monitor: Monitor) -> OnModel:
    """The monitor on any model of its shape, its probes as they are."""
    return lambda model: replace(monitor, model=model).score


def look(score: Scorer, model: Model, exchanges: Sequence[Exchange]) -> list[Looks]:
    """The scores of each exchange along its answer; a text that occurs twice is read once."""
    steps = [[(0, 0), *places(model.tokenizer, exchange.answer)] for exchange in exchanges]
    texts: dict[Text, int] = {}
    rows = [
        [texts.setdefault(exchange.shown(end), len(texts)) for _, end in own]
        for exchange, own in zip(exchanges, steps, strict=True)
    ]
    scores = scores_of(score, list(texts))
    return [
        Looks(tuple(tokens for tokens, _ in own), scores[row]) for own, row in zip(steps, rows, strict=True)
    ]
