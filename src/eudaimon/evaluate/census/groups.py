"""Which roles are one to a model, which of them speak otherwise than its default, and which only babble."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int
from pydantic import BaseModel, ConfigDict

from eudaimon.core import Score, UsageError
from eudaimon.evaluate.census.cast import Cast
from eudaimon.evaluate.census.distances import Distances
from eudaimon.measure.intervals import bootstrap

ALIKE = 1.0
"""Nats an answer: of roles that are nearer, one could have given the other's answers, e to 1."""
SPEAKS = 0.5
"""The share of the default's relevance that a group needs to be somebody who answers."""
N_RESAMPLES = 200


class Group(BaseModel):
    """Roles that a model answers as one.

    ``distance`` is in nats an answer from the default, ``relevance`` the median over questions of the nats by
    which an answer fits its own question better than others, ``together`` the share of resamples of questions
    in which two of its roles, on average, were one group. A group is a persona that was ``found`` when the
    lower end of its distance is over `ALIKE` and its relevance at least `SPEAKS` of the default's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    roles: tuple[str, ...]
    distance: Score
    relevance: Score
    together: float
    default: bool
    found: bool

    @property
    def name(self) -> str:
        """The first of its roles."""
        return self.roles[0]


def groups(cast: Cast, distances: Distances, *, seed: int = 0) -> tuple[Group, ...]:
    """The groups of a cast, the default's first, then by distance from it; every role is in one."""
    n_questions = len(cast.questions)
    label = _components(distances.between())
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(n_questions, np.full(n_questions, 1 / n_questions), size=N_RESAMPLES)
    together = np.zeros((len(cast.roles),) * 2)
    for weight in weights:
        drawn = _components(distances.between(weight.astype(float)))
        together += drawn[:, None] == drawn[None]
    together /= N_RESAMPLES
    default = cast.roles.index(cast.default)
    members = [np.flatnonzero(label == number) for number in range(label.max() + 1)]
    own = next(rows for rows in members if default in rows)
    needed = relevance_needed(distances, own)
    found = [
        _group(cast, distances, rows, default, needed, float(_mean_pair(together, rows)), seed)
        for rows in members
    ]
    return tuple(sorted(found, key=lambda group: (not group.default, group.distance.value)))


def relevance_needed(distances: Distances, default: Int[np.ndarray, "n"]) -> float:
    """The relevance that it takes to be somebody: `SPEAKS` of that of the default's group."""
    return SPEAKS * float(np.median(np.nanmean(distances.relevance[default], axis=0)))


def group_of(
    cast: Cast, distances: Distances, roles: tuple[str, ...], *, needed: float | None = None, seed: int = 0
) -> Group:
    """The same roles measured as one group, in another model or at another checkpoint.

    ``needed`` is the relevance that it takes to count as found; None: `SPEAKS` of the default role's own.
    Raises `UsageError` for a role that the cast does not have.
    """
    unknown = [role for role in roles if role not in cast.roles]
    if unknown:
        raise UsageError(f"{unknown[0]} is not in the cast", right=", ".join(cast.roles))
    default = cast.roles.index(cast.default)
    if needed is None:
        needed = SPEAKS * float(np.median(distances.relevance[default]))
    rows = np.array([cast.roles.index(role) for role in roles])
    label = _components(distances.between())
    same = float(_mean_pair((label[:, None] == label[None]).astype(float), rows))
    return _group(cast, distances, rows, default, needed, same, seed)


def _group(
    cast: Cast,
    distances: Distances,
    rows: Int[np.ndarray, "n"],
    default: int,
    needed: float,
    together: float,
    seed: int,
) -> Group:
    distance = _score(np.mean, apart(distances, rows, default), "nats an answer", seed)
    relevance = _score(np.median, distances.relevance[rows], "nats an answer", seed)
    is_default = default in rows
    return Group(
        roles=tuple(cast.roles[row] for row in rows),
        distance=distance,
        relevance=relevance,
        together=together,
        default=is_default,
        found=not is_default
        and distance.low is not None
        and distance.low > ALIKE
        and relevance.value >= needed,
    )


def apart(distances: Distances, rows: Int[np.ndarray, "n"], default: int) -> Float[np.ndarray, "n questions"]:
    """Nats an answer between each role and the default, question by question; NaN where nobody spoke."""
    both: Float[np.ndarray, "n questions"] = (
        distances.away[rows, default] + distances.away[default, rows]
    ) / 2
    return both


def _components(between: Float[np.ndarray, "r r"]) -> Int[np.ndarray, "r"]:
    from scipy.sparse.csgraph import connected_components

    _, label = connected_components(between < ALIKE, directed=False)
    found: Int[np.ndarray, "r"] = label
    return found


def _mean_pair(table: Float[np.ndarray, "r r"], rows: Int[np.ndarray, "n"]) -> float:
    if len(rows) == 1:
        return 1.0
    pairs = table[np.ix_(rows, rows)][~np.eye(len(rows), dtype=bool)]
    return float(pairs.mean())


def _score(statistic: Callable[..., float], values: Float[np.ndarray, "n q"], unit: str, seed: int) -> Score:
    """A statistic over questions of the roles' means, with its interval; 0 of 0 where nobody spoke."""
    spoken = values[:, ~np.isnan(values).all(axis=0)]
    if not spoken.shape[1]:
        return Score(value=0.0, n=0, unit=unit)
    means = np.nanmean(spoken, axis=0)
    return bootstrap(statistic, means, n_resamples=N_RESAMPLES, seed=seed, unit=unit, show_progress=False)
