"""From activations to what a monitor makes of them, and from that to a decision; a failure is one too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isnan
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int

from eudaimon.core import EudaimonError
from eudaimon.monitor.monitor import sigmoid
from eudaimon.serve.asked import Decided

if TYPE_CHECKING:
    from eudaimon.models.activations import Activations
    from eudaimon.monitor.monitor import Monitor


@dataclass(frozen=True)
class Read:
    """One reading: its score in [0, 1], NaN where nothing could be read; the tokens; what it was read of.

    ``categories`` holds for each category the share of its own decision point, in [0, 1]: 0.5 is there.
    """

    score: float
    n_tokens: int = 0
    categories: dict[str, float] = field(default_factory=dict)
    note: str = ""


def scores_of(monitor: Monitor, activations: Activations) -> Float[np.ndarray, "n"]:
    """The monitor's scores of activations; raises `EudaimonError` unless there is one for each."""
    scores = np.asarray(monitor.score_activations(activations), dtype=np.float64)
    if scores.shape != (len(activations),):
        raise EudaimonError(f"the monitor gave scores of shape {scores.shape} for {len(activations)} texts")
    return scores


def read(monitor: Monitor, activations: Activations) -> list[Read]:
    """Scores with their categories, in the order of the activations; raises as `scores_of` does."""
    scores = scores_of(monitor, activations)
    return _reads(monitor, activations, scores, range(len(scores)), categories=True)


def read_worst(
    monitor: Monitor, activations: Activations, answers: Int[np.ndarray, "n"], above: Sequence[float]
) -> list[Read]:
    """What counts of several readings an answer, for each answer; raises as `scores_of` does.

    Activation k is of answer ``answers[k]``; each has one at least. Categories are read where a score is
    higher than what was read ``above`` of some answer before.
    """
    scores = scores_of(monitor, activations)
    # What is no number counts before all others.
    ranks = np.where(np.isnan(scores), np.inf, scores).tolist()
    rows = [-1] * len(above)
    for row, answer in enumerate(answers.tolist()):
        if rows[answer] < 0 or ranks[row] > ranks[rows[answer]]:
            rows[answer] = row
    higher = any(ranks[row] > known for row, known in zip(rows, above, strict=True))
    return _reads(monitor, activations, scores, rows, categories=higher)


def _reads(
    monitor: Monitor,
    activations: Activations,
    scores: Float[np.ndarray, "n"],
    rows: Sequence[int],
    *,
    categories: bool,
) -> list[Read]:
    heads: dict[str, list[float]] = {}
    if categories:
        heads = {
            name: sigmoid(head.logits(activations) - head.threshold).tolist()
            for name, head in monitor.categories.items()
        }
    values, counts = scores.tolist(), activations.n_tokens.tolist()
    return [Read(values[row], counts[row], {name: own[row] for name, own in heads.items()}) for row in rows]


def worst(reads: Sequence[Read]) -> Read:
    """The reading that counts: the highest score, and before all others one that is no number."""
    return max(reads, key=lambda one: (isnan(one.score), one.score))


def decided(
    reads: Sequence[Read], threshold: float, *, seconds: float = 0.0, fail_open: bool = False
) -> Decided:
    """The monitor's decision on a text from all that was read of it; an unreadable part is a failure."""
    one = worst(reads)
    if isnan(one.score):
        what = "; ".join(filter(None, (one.note, "the monitor reads no number there")))
        return failed(what, threshold, seconds=seconds, fail_open=fail_open)
    flagged = one.score >= threshold
    category = max(one.categories, key=lambda name: one.categories[name], default=None)
    return Decided(
        flagged=flagged,
        score=one.score,
        threshold=threshold,
        category=category if flagged else None,
        categories=one.categories,
        seconds={"monitor": seconds},
        n_tokens=sum(own.n_tokens for own in reads),
        reason=one.note,
    )


def failed(what: object, threshold: float, *, seconds: float = 0.0, fail_open: bool = False) -> Decided:
    """The decision where a check failed: flagged, unless the server was told to fail open."""
    if isinstance(what, BaseException):
        # What strangers say in their errors may hold the text that was read.
        said = str(what) if isinstance(what, EudaimonError) else type(what).__name__
    else:
        said = str(what)
    passed = "; passed since the server was told to fail open" if fail_open else ""
    return Decided(
        flagged=not fail_open,
        score=1.0,
        threshold=threshold,
        layer="error",
        seconds={"monitor": seconds},
        reason=f"the check failed: {said}{passed}",
    )


def refused(why: str, threshold: float) -> Decided:
    """The decision on a text that cannot be read at all, such as an empty one: never a pass."""
    return Decided(flagged=True, score=1.0, threshold=threshold, seconds={"monitor": 0.0}, reason=why)
