"""How far roles are from one another in what they answer, and whether they answer what was asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float, Int

from eudaimon.core import UsageError, progress
from eudaimon.evaluate.census.spoken import Spoken, answer_nats

if TYPE_CHECKING:
    from eudaimon.models.model import Model

MOST_COMPARED = 64
"""Casts up to this size are compared pair by pair; in larger ones each role with its nearest only."""
NEAREST = 8
SHIFTS = (7, 13, 19)
"""Which other questions an answer is put behind: those so many places further on."""


@dataclass(frozen=True, eq=False)
class Distances:
    """What roles say, weighed by the model itself, in nats an answer.

    ``away[r, s, q]`` is how much likelier r's answer to q is from r than from s, NaN where that was not
    compared; its mean over q estimates the divergence of s from r. ``relevance[r, q]`` is how
    much likelier an answer is behind its own question than behind others: about 0 for words that have nothing
    to do with the question.
    """

    away: Float[np.ndarray, "roles roles questions"]
    relevance: Float[np.ndarray, "roles questions"]
    site: int
    """The index of the site by which the nearest were chosen."""

    def between(self, weights: Float[np.ndarray, "questions"] | None = None) -> Float[np.ndarray, "r r"]:
        """The mean of both directions, in nats; inf where two roles were not compared."""
        both = (self.away + self.away.transpose(1, 0, 2)) / 2
        n_questions = both.shape[2]
        weights = np.ones(n_questions) if weights is None else weights
        known = ~np.isnan(both)
        total = np.where(known, both, 0.0) @ weights
        count = known @ weights
        with np.errstate(invalid="ignore", divide="ignore"):
            found: Float[np.ndarray, "r r"] = np.where(count > 0, total / count, np.inf)
        np.fill_diagonal(found, 0.0)
        return found


def distances(model: Model, spoken: Spoken, *, site: int = -1, show_progress: bool = True) -> Distances:
    """Every role's answers scored as each other role's, and behind other questions.

    Raises `UsageError` when there are too few questions to put an answer behind another.
    """
    cast = spoken.cast
    n_roles, n_questions = len(cast.roles), len(cast.questions)
    shifts = sorted({shift % n_questions for shift in SHIFTS} - {0})
    if not shifts:
        raise UsageError(f"{n_questions} questions are too few", right="eight or more")
    compared = _compared(spoken, site)
    own = np.stack([answer_nats(model, cast.texts[role], spoken.answers[role]) for role in range(n_roles)])
    away = np.full((n_roles, n_roles, n_questions), np.nan)
    relevance = np.empty((n_roles, n_questions))
    with progress("roles compared", n_roles, "roles", enabled=show_progress) as advance:
        for role in range(n_roles):
            texts, answers = cast.texts[role], spoken.answers[role]
            for other in np.flatnonzero(compared[role]):
                away[role, other] = own[role] - answer_nats(model, cast.texts[other], answers)
            behind = [answer_nats(model, (*texts[k:], *texts[:k]), answers) for k in shifts]
            relevance[role] = own[role] - np.mean(behind, axis=0)
            away[role, role] = 0.0
            advance(1)
    return Distances(away, relevance, site)


def _compared(spoken: Spoken, site: int) -> Bool[np.ndarray, "roles roles"]:
    """Which pairs are compared, both ways: all, or the nearest by their states, and always the default."""
    n_roles = len(spoken.cast.roles)
    if n_roles <= MOST_COMPARED:
        return ~np.eye(n_roles, dtype=bool)
    means = np.nanmean(spoken.states[:, :, site].astype(np.float64), axis=1)
    squared = ((means[:, None] - means[None]) ** 2).sum(axis=2)
    order: Int[np.ndarray, "roles roles"] = np.argsort(squared, axis=1)
    found = np.zeros((n_roles, n_roles), dtype=bool)
    np.put_along_axis(found, order[:, 1 : NEAREST + 1], True, axis=1)
    found[:, spoken.cast.roles.index(spoken.cast.default)] = True
    found |= found.T
    np.fill_diagonal(found, False)
    return found
