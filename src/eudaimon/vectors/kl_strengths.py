"""Strengths that cost the same: many vectors at once, each scaled until it spends one KL budget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from eudaimon.core import UsageError
from eudaimon.models.continuations import Continuations
from eudaimon.models.edits import Change, EditKind, Edits
from eudaimon.vectors.place_vectors import PlaceVectors

if TYPE_CHECKING:
    from eudaimon.models.model import Model

TOLERANCE = 0.05
LEAST, MOST = 2.0**-12, 2.0**12
LEAP = 8.0
MOST_TRIALS = 16


def as_edits(kind: EditKind, vectors: Sequence[PlaceVectors]) -> Edits:
    """The vectors as copies of one edit; raises `UsageError` unless they share site, places and width."""
    first = vectors[0]
    if any(
        (v.site, v.first, v.values.shape) != (first.site, first.first, first.values.shape) for v in vectors
    ):
        raise UsageError("vectors of several sites or places", right="one site and one set of places")
    return Edits(kind, first.site, np.stack([vector.values for vector in vectors]), first.first)


def divergences(
    model: Model, rows: Continuations, edits: Edits, unchanged: Float[np.ndarray, "n vocab"]
) -> Float[np.ndarray, "copies"]:
    """Mean KL(changed || unchanged) of the next token over the rows for each copy, in nats, not negative.

    ``unchanged`` are `log_probabilities` of the rows without edits.
    """
    changed = log_probabilities(model, rows, edits)
    each = (np.exp(changed) * (changed - unchanged)).sum(axis=2).mean(axis=1)
    return np.asarray(np.maximum(each, 0.0))


def log_probabilities(
    model: Model, rows: Continuations, edits: Change | None = None
) -> Float[np.ndarray, "copies n vocab"]:
    """Natural log-probabilities of the token after each prompt, float64."""
    from eudaimon.models.edited_passes import next_logits

    logits = next_logits(model, rows, edits).astype(np.float64)
    shifted = logits - logits.max(axis=2, keepdims=True)
    found: Float[np.ndarray, "copies n vocab"] = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
    return found


def strengths_for(
    model: Model, rows: Continuations, vectors: Sequence[PlaceVectors], budget: float
) -> tuple[Float[np.ndarray, "copies"], Float[np.ndarray, "copies"]]:
    """By what to multiply each vector that is added, so that it spends ``budget`` nats; and what it spends.

    All vectors are tried at once, from their own lengths on: the cost grows about as the square of a small
    strength, which gives the next one, between the nearest that were too cheap and too dear. Within 5 % of
    the budget where it is in reach of 1/4,096 to 4,096 times the vector; what is spent says so otherwise.
    Raises `UsageError` for a budget that is not positive.
    """
    if not (np.isfinite(budget) and budget > 0):
        raise UsageError(f"a KL budget of {budget}", right="nats above 0, such as 0.1")
    edits, unchanged = as_edits("add", vectors), log_probabilities(model, rows)[0]
    strengths = np.ones(len(vectors))
    cheap, dear = np.full(len(vectors), LEAST), np.full(len(vectors), MOST)
    spent = np.zeros(len(vectors))
    for _ in range(MOST_TRIALS):
        spent = divergences(model, rows, edits.at_places(strengths), unchanged)
        open_ = np.abs(spent - budget) > TOLERANCE * budget
        if not open_.any():
            break
        cheap = np.where(spent < budget, np.maximum(cheap, strengths), cheap)
        dear = np.where(spent >= budget, np.minimum(dear, strengths), dear)
        guess = strengths * np.clip(np.sqrt(budget / np.maximum(spent, 1e-12)), 1 / LEAP, LEAP)
        inside = (guess > cheap) & (guess < dear)
        # A guess past a strength that is known to be on the other side: halve what is left, in logarithms.
        strengths = np.where(open_, np.where(inside, guess, np.sqrt(cheap * dear)), strengths)
    return strengths, spent
