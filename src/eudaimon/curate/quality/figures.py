"""Figures of what was removed: counts over parts and characters, with intervals over groups."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from eudaimon.core.errors import UsageError
from eudaimon.core.score import Score
from eudaimon.curate.quality.items import Part
from eudaimon.curate.quality.removal import Removal
from eudaimon.measure.intervals import bootstrap
from eudaimon.measure.ranking import auroc

HALF = 0.5
FEW_GROUPS = 20
N_RESAMPLES = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """One row a part whose truth is known; ``removed`` says whether half of it or more is."""

    bad: Bool[ndarray, "parts"]
    removed: Bool[ndarray, "parts"]
    harm: Float[ndarray, "parts"]
    suspicion: Float[ndarray, "parts"]
    kind: tuple[str, ...]
    group: tuple[str, ...]
    of: tuple[str, ...]

    def where(self, chosen: Bool[ndarray, "parts"]) -> Rows:
        """The rows that are chosen."""
        places = np.flatnonzero(chosen).tolist()
        return Rows(
            self.bad[chosen],
            self.removed[chosen],
            self.harm[chosen],
            self.suspicion[chosen],
            *(tuple(names[k] for k in places) for names in (self.kind, self.group, self.of)),
        )


def rows(removal: Removal, truth: Callable[[Part], bool | None] = lambda part: part.bad) -> Rows:
    """The parts of which ``truth`` is known."""
    bad, removed, harm, suspicion = [], [], [], []
    kind, group, of = [], [], []
    place = 0
    for number, item in enumerate(removal.items):
        for part in item.parts:
            known = truth(part)
            if known is not None:
                bad.append(known)
                removed.append(removal.share(number, part) >= HALF)
                harm.append(removal.harm[place])
                suspicion.append(removal.suspicion[place])
                kind.append(part.kind)
                group.append(item.group)
                of.append(item.of)
            place += 1
    return Rows(
        np.array(bad, dtype=bool),
        np.array(removed, dtype=bool),
        np.array(harm, dtype=np.float64),
        np.array(suspicion, dtype=np.float64),
        tuple(kind),
        tuple(group),
        tuple(of),
    )


def precision(bad: Float[ndarray, "n"], removed: Float[ndarray, "n"]) -> float:
    """The share of what is removed that ought to be, in [0, 1]; NaN where nothing is removed."""
    return _ratio((bad * removed).sum(), removed.sum())


def recall(bad: Float[ndarray, "n"], removed: Float[ndarray, "n"]) -> float:
    """The share of what ought to be removed that is, in [0, 1]; NaN where nothing ought to be."""
    return _ratio((bad * removed).sum(), bad.sum())


def f1(bad: Float[ndarray, "n"], removed: Float[ndarray, "n"]) -> float:
    """Twice the hits over everything that is or ought to be removed, in [0, 1]."""
    return _ratio(2 * (bad * removed).sum(), bad.sum() + removed.sum())


def over_removal(bad: Float[ndarray, "n"], removed: Float[ndarray, "n"]) -> float:
    """The share of what ought to stay that is removed, in [0, 1]."""
    return _ratio(((1 - bad) * removed).sum(), (1 - bad).sum())


MEASURES: dict[str, Callable[..., float]] = {
    "precision": precision,
    "recall": recall,
    "F1": f1,
    "over-removal": over_removal,
}


def measured(chosen: Rows, measure: str, seed: int = 0, n_resamples: int = N_RESAMPLES) -> Score | None:
    """A measure over rows with its 95 % interval; None where it is not defined.

    Whole groups are resampled, or rows where there are fewer than 20 groups: an interval over a handful of
    query sets would say nothing.
    """
    return _score(MEASURES[measure], (chosen.bad, chosen.removed), chosen.group, seed, n_resamples)


def character_f1(removal: Removal, seed: int = 0, n_resamples: int = N_RESAMPLES) -> Score | None:
    """The mean over marked documents of the F1 of characters, removed against marked, in [0, 1].

    As in SemEval-2021 task 5: a document in which nothing is marked counts 1 where nothing is removed and 0
    elsewhere. Masks are whole segments and marks are mostly words, so that even a perfect scorer is below 1.
    """
    values, groups = [], []
    for item, removed in zip(removal.items, removal.removed, strict=True):
        if item.marked is not None:
            marks = np.zeros(len(removed), dtype=bool)
            for start, end in item.marked:
                marks[start:end] = True
            values.append(f1(marks, removed) if marks.any() or removed.any() else 1.0)
            groups.append(item.group)
    return _score(_mean, (np.array(values),), tuple(groups), seed, n_resamples) if values else None


def escalated(
    chosen: Rows, among: Rows, share: float = 0.1, seed: int = 0, n_resamples: int = N_RESAMPLES
) -> Score | None:
    """The share of bad rows that are suspected more than all but ``share`` of ``among``, in [0, 1].

    ``among`` stands for the corpus, mostly neutral text, of which ``share`` is escalated. Raises `UsageError`
    when nothing of it was scored.
    """
    known = among.suspicion[~np.isnan(among.suspicion)]
    if not len(known):
        raise UsageError("no part of the corpus has a harm score", right="a scorer that scores harm")
    bound = float(np.quantile(known, 1 - share))
    bad = chosen.where(chosen.bad)
    return _score(_mean, ((bad.suspicion > bound).astype(float),), bad.group, seed, n_resamples)


def ranked(chosen: Rows, seed: int = 0, n_resamples: int = N_RESAMPLES) -> Score | None:
    """The AUROC of harm, bad rows against others, with its 95 % interval; None where one side is empty."""
    if chosen.bad.all() or not chosen.bad.any():
        return None
    clusters = chosen.group if len(set(chosen.group)) >= FEW_GROUPS else None
    return bootstrap(
        auroc,
        chosen.bad,
        chosen.harm,
        clusters=clusters,
        seed=seed,
        n_resamples=n_resamples,
        show_progress=False,
    )


def _score(
    statistic: Callable[..., float],
    arrays: Sequence[ndarray],
    groups: tuple[str, ...],
    seed: int,
    n_resamples: int,
) -> Score | None:
    given = [np.asarray(array, dtype=np.float64) for array in arrays]
    if not len(given[0]):
        return None
    value = statistic(*given)
    if np.isnan(value):
        return None
    clusters = groups if len(set(groups)) >= FEW_GROUPS else None
    try:
        return bootstrap(
            statistic, *given, clusters=clusters, seed=seed, n_resamples=n_resamples, show_progress=False
        )
    except UsageError:
        # What is measured is in so few groups that most resamples have none of it.
        return Score(value=value, n=len(set(groups)))


def _mean(values: Float[ndarray, "n"]) -> float:
    return float(values.mean())


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")
