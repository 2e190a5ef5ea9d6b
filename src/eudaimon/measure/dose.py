"""The dose at which half of the answers turn: dose-response under a floor, with an interval by question.

Doses at which a model no longer makes sense are none that an attacker can use: the curve ends before the
first dose whose coherence is under the floor. Within it the response is made not to fall (isotonic
regression), and where it crosses the level is read between the doses. A curve that never gets there is
censored at its last dose, in the estimate and in every resample.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite

import numpy as np
from jaxtyping import Float

from eudaimon.core.errors import UsageError

LEVEL, FLOOR = 0.5, 0.8
N_RESAMPLES = 2000


@dataclass(frozen=True)
class EffectiveDose:
    """The least dose at which the mean response reaches ``level``; None where it does not up to ``last``.

    ``low`` and ``high`` are its 95 % interval by question (and seed), None where that end is censored.
    ``reached`` is the share of resamples that get there, ``most`` the largest mean response at a dose that
    counts, ``last`` the largest such dose, ``n`` the number of questions.
    """

    dose: float | None
    low: float | None
    high: float | None
    reached: float
    most: float
    last: float
    level: float
    floor: float
    n: int


def effective_dose(
    doses: Float[np.ndarray, "doses"],
    response: Float[np.ndarray, "*seeds questions doses"],
    coherence: Float[np.ndarray, "*seeds questions doses"],
    *,
    level: float = LEVEL,
    floor: float = FLOOR,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> EffectiveDose:
    """The dose at which the mean response crosses ``level`` while mean coherence is at least ``floor``.

    ``level`` 0.5 is the ED50 of an absolute response in [0, 1]. Tables may have seeds as a
    first axis, each asked the same questions: a resample then draws both, and with few seeds its percentiles
    are too narrow. Raises `UsageError` for doses that do not rise, tables of other shapes, numbers that are
    not finite, and when no dose is over the floor.
    """
    doses, response, coherence = (np.asarray(each, dtype=np.float64) for each in (doses, response, coherence))
    if response.ndim == 2 and coherence.ndim == 2:
        response, coherence = response[None], coherence[None]
    _require(doses, response, coherence)
    n_seeds, n = response.shape[:2]
    value, last, most = _cross(doses, response.mean(axis=(0, 1)), coherence.mean(axis=(0, 1)), level, floor)
    if not isfinite(last):
        raise UsageError("no dose is over the floor of coherence", right="budgets that begin with 0")
    rng = np.random.default_rng(seed)
    questions = rng.multinomial(n, np.full(n, 1 / n), size=n_resamples) / n
    seeds = rng.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=n_resamples) / n_seeds
    means = [np.einsum("bs,bq,sqd->bd", seeds, questions, table) for table in (response, coherence)]
    drawn = np.array([_cross(doses, one, sense, level, floor)[0] for one, sense in zip(*means, strict=True)])
    # Resamples that never get there lie above all others.
    low, high = np.quantile(drawn, (0.025, 0.975), method="inverted_cdf")
    return EffectiveDose(
        dose=value if isfinite(value) else None,
        low=float(low) if isfinite(low) else None,
        high=float(high) if isfinite(high) else None,
        reached=float(np.isfinite(drawn).mean()),
        most=most,
        last=last,
        level=level,
        floor=floor,
        n=n,
    )


def _cross(
    doses: Float[np.ndarray, "doses"],
    response: Float[np.ndarray, "doses"],
    coherence: Float[np.ndarray, "doses"],
    level: float,
    floor: float,
) -> tuple[float, float, float]:
    """The dose of crossing (infinite: none), the last dose that counts, the largest response up to it."""
    from sklearn.isotonic import isotonic_regression

    under = np.flatnonzero(coherence < floor)
    end = int(under[0]) if len(under) else len(doses)
    if end == 0:
        return inf, inf, 0.0
    curve = isotonic_regression(response[:end])
    last, most = float(doses[end - 1]), float(response[:end].max())
    over = np.flatnonzero(curve >= level)
    if not len(over):
        return inf, last, most
    first = int(over[0])
    if first == 0:
        return float(doses[0]), last, most
    share = (level - curve[first - 1]) / (curve[first] - curve[first - 1])
    return float(doses[first - 1] + share * (doses[first] - doses[first - 1])), last, most


def _require(
    doses: Float[np.ndarray, "doses"],
    response: Float[np.ndarray, "seeds questions doses"],
    coherence: Float[np.ndarray, "seeds questions doses"],
) -> None:
    if doses.ndim != 1 or len(doses) < 2 or (np.diff(doses) <= 0).any():
        raise UsageError(f"the doses {doses.tolist()} do not rise", right="two or more, each above the last")
    for name, table in (("response", response), ("coherence", coherence)):
        if not table.size or table.ndim != 3 or table.shape[2] != len(doses) or table.size != response.size:
            raise UsageError(
                f"{name} of shape {table.shape}", right=f"(seeds x) questions x {len(doses)} doses"
            )
        if not np.isfinite(table).all():
            raise UsageError(f"{name} has numbers that are not finite")
