"""Hypotheses on several rows at once: one of them at least differs from the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, sqrt

from eudaimon.core import Score
from eudaimon.measure.multiplicity import holm
from eudaimon.measure.verdict import Direction, decide
from eudaimon.study.records import HypothesisRow, TransitionDifference
from eudaimon.study.summary.predictions import PredictedTransfer, PredictedTransition
from eudaimon.study.transfer_records import TransferContrast

Z95 = 1.959964
NO_RISE = (
    "No persona’s curve and the reference’s rise in the same two seeds: there is no transition to compare."
)
NO_TRANSFER = "No direction was tried on the models of others, or in one seed only."


@dataclass(frozen=True)
class Differs:
    """One row's difference from the reference with its two-sided p-value."""

    row: str
    difference: Score
    p: float


@dataclass(frozen=True)
class Several:
    """That one of ``rows`` at least differs from the reference by more than ``bound``; stated before."""

    name: str
    says: str
    rows: tuple[str, ...]
    reference: str
    column: str
    metric: str
    direction: Direction
    bound: float

    def decided(self, found: Sequence[Differs], why: str) -> HypothesisRow:
        """The verdict: supported when one row differs, adjusted by Holm for all that were predicted.

        The row shown is the one with the least p; rows without a figure count as tests too. Not supported
        when each row is shown to lie within the bound of the reference; that p-value is the largest of all,
        from intervals taken as normal. Undecided otherwise, and for ``why`` where nothing was found.
        """
        if not found:
            return undecided(
                self.name,
                says=self.says,
                row=", ".join(self.rows),
                reference=self.reference,
                column=self.column,
                metric=self.metric,
                bound=self.bound,
                why=why,
            )
        missing = len(self.rows) - len(found)
        adjusted = holm([each.p for each in found] + [1.0] * missing)
        first = min(range(len(found)), key=lambda k: (float(adjusted[k]), -abs(found[k].difference.value)))
        # Of a row without a figure nobody knows that it is equivalent.
        equal = max(equivalent(each.difference, self.bound) for each in found) if not missing else 1.0
        shown = found[first]
        verdict = decide(
            self.name,
            self.direction,
            shown.difference,
            shown.p,
            float(adjusted[first]),
            bound=self.bound,
            p_equivalent=equal,
            method="holm",
            n_tests=len(self.rows),
        )
        others = ", ".join(f"{each.row} {each.difference.value:+.3g}" for each in found if each is not shown)
        return HypothesisRow(
            name=self.name,
            says=self.says,
            row=shown.row,
            reference=self.reference,
            column=self.column,
            scope="",
            metric=self.metric,
            direction=self.direction,
            verdict=verdict.word,
            difference=shown.difference,
            p=shown.p,
            p_holm=float(adjusted[first]),
            n_tests=len(self.rows),
            bound=self.bound,
            p_equivalent=equal,
            reasons=(*verdict.reasons, *((f"The others: {others}.",) if others else ())),
        )


def transition_hypotheses(
    found: Sequence[TransitionDifference], predictions: Sequence[PredictedTransition]
) -> tuple[HypothesisRow, ...]:
    """The verdict on every prediction of when a transition comes, as `Several.decided`."""
    return tuple(
        Several(
            one.name, one.says, one.rows, one.reference, one.column, one.unit, one.direction, one.bound
        ).decided(
            [
                Differs(each.row, each.difference, each.p)
                for each in found
                if each.row in one.rows
                and (each.reference, each.column, each.unit) == (one.reference, one.column, one.unit)
            ],
            NO_RISE,
        )
        for one in predictions
    )


def transfer_hypotheses(
    found: Sequence[TransferContrast], predictions: Sequence[PredictedTransfer], why: str = NO_TRANSFER
) -> tuple[HypothesisRow, ...]:
    """The verdict on every prediction of what directions do to others' models, as `Several.decided`.

    ``why`` is the reason to give where nothing was measured.
    """
    return tuple(
        Several(
            one.name, one.says, one.rows, one.reference, one.kind, one.metric, "different", one.bound
        ).decided(
            [
                Differs(each.source, each.difference, each.p)
                for each in found
                if each.source in one.rows and each.n_seeds > 1
                if (each.reference, each.kind) == (one.reference, one.kind)
            ],
            why,
        )
        for one in predictions
    )


def undecided(
    name: str, *, says: str, row: str, reference: str, column: str, metric: str, bound: float, why: str
) -> HypothesisRow:
    """A hypothesis that nothing was measured for, and why."""
    return HypothesisRow(
        name=name,
        says=says,
        row=row,
        reference=reference,
        column=column,
        scope="",
        metric=metric,
        direction="different",
        verdict="undecided",
        difference=None,
        p=1.0,
        p_holm=1.0,
        n_tests=1,
        bound=bound,
        p_equivalent=1.0,
        reasons=(why,),
    )


def equivalent(difference: Score, bound: float) -> float:
    """The larger of two one-sided p-values against the bound, the interval's width taken as a normal's."""
    if difference.low is None or difference.high is None or difference.high <= difference.low:
        return 1.0
    spread = (difference.high - difference.low) / (2 * Z95)
    return max(_above((bound - difference.value) / spread), _above((bound + difference.value) / spread))


def _above(z: float) -> float:
    return 0.5 * erfc(z / sqrt(2))
