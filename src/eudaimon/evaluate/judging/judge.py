"""What every judge of open answers can do, and what it says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from eudaimon.evaluate.judging.answers import Answer
from eudaimon.evaluate.judging.calibration import Known
from eudaimon.evaluate.judging.cost import Cost, Price
from eudaimon.evaluate.judging.verdict import How, Verdict


@dataclass(frozen=True)
class Verdicts:
    """What a judge says of answers: for each, in order, a verdict by measure.

    ``how`` is the way in which all numbers were read, ``served`` the models that the provider named.
    """

    each: tuple[Mapping[str, Verdict], ...]
    how: How
    cost: Cost
    served: tuple[str, ...] = ()


class AnswerJudge(Protocol):
    """A judge of open answers."""

    @property
    def name(self) -> str:
        """The judge without the way of reading: model, and what it is told."""

    def known(self) -> tuple[Known, ...]:
        """Answers whose verdict is known, on which this judge is checked."""

    def estimate(self, answers: Sequence[Answer], price: Price | None = None) -> Cost:
        """About what the verdicts on answers and on the known ones would cost; nothing is asked."""

    def verdicts(self, answers: Sequence[Answer], *, price: Price | None = None) -> Verdicts:
        """The verdicts on answers; raises `JudgeUnavailable` when one of them cannot be had."""
