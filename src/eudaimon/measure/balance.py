"""Whether a table may be pooled: each arm must have the same mixture of strata, or the mixture is compared.

Two arms that were asked different numbers of questions from an easy and a hard domain differ in their pooled
rate although they differ in neither domain, and may even differ the other way round (Simpson 1951, J. R.
Stat. Soc. B 13:238).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from eudaimon.core.errors import UsageError
from eudaimon.measure.inputs import numbers
from eudaimon.measure.resampling import codes

LARGEST_SHIFT = 0.02
"""A mixture may differ by this share of rows: two of a hundred lost answers are no other mixture."""


@dataclass(frozen=True, eq=False)
class Balance:
    """Rows of each arm in each stratum, and the share of rows that would have to move for equal mixtures.

    ``shift`` is in [0, 1]: the largest total variation distance of an arm's mixture from that of all arms.
    ``empty`` names (arm, stratum) pairs without any row. ``pooled`` and ``standardised`` are each arm's
    mean over its rows, and over strata in the mixture of all arms (NaN for an arm with an empty stratum).
    """

    arms: tuple[str, ...]
    strata: tuple[str, ...]
    counts: Int[np.ndarray, "arms strata"]
    shift: float
    empty: tuple[tuple[str, str], ...]
    pooled: Float[np.ndarray, "arms"]
    standardised: Float[np.ndarray, "arms"]

    @property
    def is_balanced(self) -> bool:
        """Whether no stratum is missing from an arm and mixtures differ by at most `LARGEST_SHIFT`."""
        return not self.empty and self.shift <= LARGEST_SHIFT

    @property
    def reverses(self) -> tuple[tuple[str, str], ...]:
        """Pairs of arms whose order by pooled means is the reverse of that by standardised means."""
        found = []
        for i, first in enumerate(self.arms):
            for j in range(i + 1, len(self.arms)):
                pooled = self.pooled[i] - self.pooled[j]
                if pooled * (self.standardised[i] - self.standardised[j]) < 0:
                    found.append((first, self.arms[j]))
        return tuple(found)

    def reason(self) -> str:
        """What is wrong with pooling, in one sentence; empty when nothing is."""
        if self.is_balanced:
            return ""
        if self.empty:
            arm, stratum = self.empty[0]
            text = f"the arm {arm} has no row in {stratum}"
        else:
            text = f"the arms' mixtures of strata differ by up to {100 * self.shift:.0f} % of their rows"
        if self.reverses:
            a, b = self.reverses[0]
            text += f", and {a} and {b} change places when every arm is given the same mixture"
        return text


def balance(values: ArrayLike, arms: ArrayLike, strata: ArrayLike) -> Balance:
    """The balance of a pooled table: one value, arm and stratum (domain, question, data set) per row.

    Raises `UsageError` when lengths differ and on NaN or infinity.
    """
    row = numbers(values, "values", finite=True)
    arm, stratum = codes(arms, "arms", len(row)), codes(strata, "strata", len(row))
    arm_names, stratum_names = _names(arms), _names(strata)
    shape = (len(arm_names), len(stratum_names))
    cell = np.ravel_multi_index((arm, stratum), shape)
    counts = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)
    sums = np.bincount(cell, row, minlength=shape[0] * shape[1]).reshape(shape)
    overall = counts.sum(0) / counts.sum()
    means = np.divide(sums, counts, out=np.full(shape, np.nan), where=counts > 0)
    mixtures = counts / counts.sum(1, keepdims=True)
    return Balance(
        arms=arm_names,
        strata=stratum_names,
        counts=counts,
        shift=float((np.abs(mixtures - overall).sum(1) / 2).max()),
        empty=tuple((arm_names[a], stratum_names[s]) for a, s in np.argwhere(counts == 0)),
        pooled=sums.sum(1) / counts.sum(1),
        standardised=means @ overall,
    )


def pooled_means(values: ArrayLike, arms: ArrayLike, strata: ArrayLike) -> dict[str, float]:
    """The mean of each arm over all of its rows; raises `UsageError` when the table is not balanced."""
    found = balance(values, arms, strata)
    if not found.is_balanced:
        raise UsageError(
            f"this table cannot be pooled: {found.reason()}",
            right="the same mixture of strata in every arm",
            do="compare inside each stratum, or use balance(...).standardised",
        )
    return {arm: float(mean) for arm, mean in zip(found.arms, found.pooled, strict=True)}


def _names(groups: ArrayLike) -> tuple[str, ...]:
    names: Sequence[object] = np.unique(np.asarray(groups)).tolist()
    return tuple(str(name) for name in names)
