"""The axes along which a model's own answers differ between roles: more than chance, and stable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from eudaimon.core import Site
from eudaimon.evaluate.census.spoken import Spoken

N_PERMUTATIONS = 100
N_RESAMPLES = 200
EXTREMES = 3


@dataclass(frozen=True, eq=False)
class Axis:
    """A principal axis of the roles' mean states at a site, named by the roles at its ends.

    ``share`` is its part of the variance between roles, ``chance`` the part that the axis of that rank has in
    95 % of tables whose role names were shuffled within each question. ``stability`` is the cosine with the
    axis of a resample of questions that 95 % of resamples reach. ``position`` has the place of each role, and
    ``default`` that of the default role, in standard deviations between roles from their mean. The sign is
    such that the default's place is not positive.
    """

    site: Site
    unit: Float[np.ndarray, "d"]
    share: float
    chance: float
    stability: float
    position: dict[str, float]
    default: float
    low: tuple[str, ...]
    high: tuple[str, ...]

    @property
    def stable(self) -> bool:
        """Whether it is more than chance, and much the same whichever questions are asked."""
        return self.share > self.chance and self.stability >= 0.8


def best_site(spoken: Spoken) -> int:
    """The index of the site whose role means agree best between two halves of the questions."""
    agreement = []
    for site in range(len(spoken.sites)):
        centred = _centred(spoken, site)
        first, second = centred[:, ::2].mean(axis=1), centred[:, 1::2].mean(axis=1)
        scale = np.linalg.norm(first) * np.linalg.norm(second)
        agreement.append(float((first * second).sum() / scale) if scale else 0.0)
    return int(np.argmax(agreement))


def axes(spoken: Spoken, *, site: int | None = None, most: int = 8, seed: int = 0) -> tuple[Axis, ...]:
    """The axes of a cast at a site (the best one unless given) down to the first that is no more than chance.

    Parallel analysis: role names are shuffled within every question, so that a question's own states stay.
    """
    place = best_site(spoken) if site is None else site
    centred = _centred(spoken, place)
    rng = np.random.default_rng(seed)
    means = centred.mean(axis=1)
    units, shares, _ = _principal(means, most)
    shuffled = np.stack(
        [_principal(_shuffled(centred, rng).mean(axis=1), most)[2] for _ in range(N_PERMUTATIONS)]
    )
    # A permuted table's variance is compared in the units of the real one.
    total = float((means**2).sum())
    chance = np.quantile(shuffled, 0.95, axis=0) / total
    stability = _stability(centred, units, rng)
    names, default = spoken.cast.roles, spoken.cast.roles.index(spoken.cast.default)
    found = []
    for rank, unit in enumerate(units):
        if shares[rank] <= chance[rank]:
            break
        where = means @ unit
        spread = float(where.std()) or 1.0
        sign = -1.0 if where[default] > 0 else 1.0
        where = sign * where / spread
        order = np.argsort(where)
        found.append(
            Axis(
                site=spoken.sites[place],
                unit=(sign * unit).astype(np.float32),
                share=float(shares[rank]),
                chance=float(chance[rank]),
                stability=float(stability[rank]),
                position={name: float(value) for name, value in zip(names, where, strict=True)},
                default=float(where[default]),
                low=tuple(names[row] for row in order[:EXTREMES]),
                high=tuple(names[row] for row in order[::-1][:EXTREMES]),
            )
        )
    return tuple(found)


def _centred(spoken: Spoken, site: int) -> Float[np.ndarray, "roles questions d"]:
    """States less the mean over roles of each question; an empty answer is where its question's mean is."""
    states = spoken.states[:, :, site].astype(np.float64)
    centred: Float[np.ndarray, "roles questions d"] = np.nan_to_num(
        states - np.nanmean(states, axis=0, keepdims=True)
    )
    return centred


def _principal(
    means: Float[np.ndarray, "roles d"], most: int
) -> tuple[Float[np.ndarray, "k d"], Float[np.ndarray, "k"], Float[np.ndarray, "k"]]:
    """Units, shares of the variance, and squared singular values of the first axes."""
    _, values, units = np.linalg.svd(means - means.mean(axis=0), full_matrices=False)
    squared = values**2
    return units[:most], (squared / max(squared.sum(), 1e-300))[:most], squared[:most]


def _shuffled(
    centred: Float[np.ndarray, "roles questions d"], rng: np.random.Generator
) -> Float[np.ndarray, "roles questions d"]:
    order = np.argsort(rng.random(centred.shape[:2]), axis=0)
    mixed: Float[np.ndarray, "roles questions d"] = np.take_along_axis(centred, order[:, :, None], axis=0)
    return mixed


def _stability(
    centred: Float[np.ndarray, "roles questions d"],
    units: Float[np.ndarray, "k d"],
    rng: np.random.Generator,
) -> Float[np.ndarray, "k"]:
    from scipy.optimize import linear_sum_assignment

    n_questions = centred.shape[1]
    cosines = []
    for _ in range(N_RESAMPLES):
        weight = rng.multinomial(n_questions, np.full(n_questions, 1 / n_questions)) / n_questions
        drawn, _, _ = _principal(np.einsum("rqd,q->rd", centred, weight), len(units))
        table = abs(units @ drawn.T)
        rows, columns = linear_sum_assignment(-table)
        cosines.append(table[rows, columns])
    found: Float[np.ndarray, "k"] = np.quantile(cosines, 0.05, axis=0)
    return found
