"""Equivalence of two arms over shared seeds and questions: two one-sided tests on the paired bootstrap."""

from __future__ import annotations

from dataclasses import replace

from eudaimon.core.errors import UsageError
from eudaimon.measure.equivalence import Equivalence
from eudaimon.measure.hierarchical import N_RESAMPLES, contrast
from eudaimon.measure.inputs import rate
from eudaimon.measure.panel import Panel


def equivalent_paired(
    a: Panel,
    b: Panel,
    bound: float,
    *,
    crossed: bool = True,
    alpha: float = 0.05,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
    unit: str = "",
) -> Equivalence:
    """Whether two arms' means differ by less than ``bound``, paired by seed and question as `contrast`.

    ``p`` is the larger of the one-sided p-values against a - b >= bound and b - a >= bound. Not equivalent
    means not shown: the two may be the same and seeds and questions too few. Raises `UsageError` on a bound
    that is not positive, and as `contrast`. Schuirmann (1987), J. Pharmacokinet. Biopharm. 15:657.
    """
    if not bound > 0:
        raise UsageError(
            f"the equivalence bound is {bound}", right="the largest difference that would not matter, over 0"
        )

    def below(first: Panel, second: Panel) -> float:
        shifted = replace(first, values=first.values - bound)
        found = contrast(shifted, second, crossed=crossed, n_resamples=n_resamples, seed=seed)
        return found.p / 2 if found.difference.value < 0 else 1 - found.p / 2

    difference = contrast(a, b, crossed=crossed, n_resamples=n_resamples, seed=seed, unit=unit).difference
    p = max(below(a, b), below(b, a))
    return Equivalence(difference, float(bound), p, alpha, p <= rate(alpha, "alpha"))
