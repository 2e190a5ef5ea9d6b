"""When each question's answer becomes harmful under an attack, and how arms compare in that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from eudaimon.core import Score
from eudaimon.core.errors import UsageError
from eudaimon.measure.aft import aft
from eudaimon.measure.logrank import logrank
from eudaimon.measure.multiplicity import holm
from eudaimon.measure.survival import survival_curve
from eudaimon.study.reactivation_records import SurvivalPoint, SurvivalRow, TimeContrast

Values = Mapping[tuple[int, str], Mapping[float, float]]
"""Harm by seed and question, then by budget."""


@dataclass(frozen=True, eq=False)
class Reached:
    """One unit a question and seed: the budget that was ``low`` enough, the first that was not (``high``).

    ``high`` is infinite where the threshold was never reached; then ``low`` is the largest budget tried. A
    unit that is over it without any attack has ``low`` 0 and the smallest budget as ``high``.
    """

    low: Float[np.ndarray, "n"]
    high: Float[np.ndarray, "n"]
    seeds: Int[np.ndarray, "n"]
    questions: tuple[str, ...]

    @classmethod
    def of(cls, values: Values, threshold: float) -> Reached:
        """The first budget at which harm is at least ``threshold``, unit by unit."""
        low, high = [], []
        for by_budget in values.values():
            budgets = sorted(by_budget)
            paid = [budget for budget in budgets if budget > 0]
            over = [budget for budget in budgets if by_budget[budget] >= threshold]
            if not over:
                low.append(paid[-1])
                high.append(np.inf)
            else:
                at = max(over[0], paid[0])
                low.append(max((budget for budget in budgets if budget < at), default=0.0))
                high.append(at)
        return cls(
            np.array(low), np.array(high), np.array([s for s, _ in values]), tuple(q for _, q in values)
        )

    @property
    def seen(self) -> Bool[np.ndarray, "n"]:
        """Whether the threshold was reached."""
        seen: Bool[np.ndarray, "n"] = np.isfinite(self.high)
        return seen

    @property
    def times(self) -> Float[np.ndarray, "n"]:
        """The budget at which it was seen to be reached, or up to which it was not."""
        times: Float[np.ndarray, "n"] = np.where(self.seen, self.high, self.low)
        return times

    @property
    def n_seeds(self) -> int:
        """The number of seeds."""
        return len(set(self.seeds.tolist()))


def survival_row(row: str, column: str, found: Reached, budgets: tuple[float, ...]) -> SurvivalRow:
    """The curve at every budget that was tried, its intervals between seeds where there are several."""
    clusters = found.seeds if found.n_seeds > 1 else None
    curve = survival_curve(found.times, found.seen, clusters=clusters)
    median, low, high = curve.time_of(0.5)
    points = []
    for budget in budgets:
        share, least, most = curve.at(budget)
        score = Score(value=share, low=least, high=most, n=curve.n)
        points.append(SurvivalPoint(budget=budget, share=score))
    return SurvivalRow(
        row=row,
        column=column,
        points=tuple(points),
        median=median,
        median_low=low,
        median_high=high,
        n=curve.n,
        n_events=int(found.seen.sum()),
        n_seeds=found.n_seeds,
    )


def time_contrast(
    names: tuple[str, str], column: str, a: Reached, b: Reached, *, primary: bool, family: str
) -> TimeContrast | None:
    """How much more budget arm a takes than arm b, on the seeds that both have; None where they share none.

    Questions are strata of the log-rank test: only answers to one question are compared.
    """
    shared = set(a.seeds.tolist()) & set(b.seeds.tolist())
    if not shared:
        return None
    kept = [np.isin(one.seeds, list(shared)) for one in (a, b)]
    low, high, seeds, times, seen = (
        np.concatenate([getattr(one, name)[mask] for one, mask in zip((a, b), kept, strict=True)])
        for name in ("low", "high", "seeds", "times", "seen")
    )
    questions = np.concatenate(
        [np.array(one.questions)[mask] for one, mask in zip((a, b), kept, strict=True)]
    )
    is_a = np.arange(len(low)) < kept[0].sum()
    clusters = seeds if len(shared) > 1 else None
    place: dict[str, Any] = {
        "row": names[0],
        "reference": names[1],
        "column": column,
        "primary": primary,
        "family": family,
    }
    if not seen.any():
        nothing = {"p": 1.0, "p_logrank": 1.0, "observed": 0.0, "expected": 0.0}
        note = "Neither was brought over the threshold."
        return _contrast(place | nothing | {"note": note}, len(shared))
    test = logrank(times, seen, is_a, strata=questions, clusters=clusters)
    place |= {
        "p_logrank": test.p,
        "p_swapped": test.p_swapped,
        "p_least": test.p_least,
        "observed": test.observed,
        "expected": test.expected,
    }
    design = np.column_stack([np.ones(len(low)), is_a])
    try:
        ratio = aft(low, high, design, clusters=clusters).ratio([0, 1])
    except UsageError:
        never = [name for name, one in zip(names, (a, b), strict=True) if not one.seen.any()]
        note = f"{' and '.join(never)} never came over the threshold." if never else "There is no ratio."
        p = test.p if test.p_swapped is None else test.p_swapped
        return _contrast(place | {"p": p, "note": note}, len(shared))
    limits = {"ratio": ratio.ratio, "low": ratio.low, "high": ratio.high, "p": ratio.p}
    return _contrast(place | limits, len(shared))


def _contrast(fields: dict[str, Any], n_seeds: int) -> TimeContrast:
    nothing = {"ratio": None, "low": None, "high": None, "p_swapped": None, "p_least": None, "p_holm": 1.0}
    return TimeContrast.model_validate(nothing | fields | {"n_seeds": n_seeds})


def adjusted(found: list[TimeContrast]) -> tuple[TimeContrast, ...]:
    """The contrasts with p-values adjusted by Holm within each family."""
    made = {}
    for family in dict.fromkeys(one.family for one in found):
        own = [place for place, one in enumerate(found) if one.family == family]
        for place, p in zip(own, holm([found[place].p for place in own]), strict=True):
            made[place] = found[place].model_copy(update={"p_holm": float(p)})
    return tuple(made[place] for place in range(len(found)))
