"""Means and AUROCs of exchanges with 95 % intervals over questions and, of several, over runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float, Int, Num

from eudaimon.core.score import Score
from eudaimon.evaluate.watch.seen import Seen
from eudaimon.measure.counted import Ranked
from eudaimon.measure.intervals import percentile, wilson
from eudaimon.measure.resampling import Design

LEAST_DEFINED = 0.1
"""Of the resamples: where fewer have both classes there is no interval."""

Drawn = Callable[[Int[np.ndarray, "b n"], Int[np.ndarray, "b n"]], Float[np.ndarray, "b"]]
"""How often each row's question and each row's run was drawn -> the figure of each resample, NaN for none."""


def mean_of(of: Sequence[Seen], value: Callable[[Seen], float], n_resamples: int, seed: int = 0) -> Score:
    """The mean over questions and runs of the mean over the exchanges of each; ``n`` counts questions.

    Questions and runs are resampled, independently of each other: not as `hierarchical` does, because which
    questions come to harm differs from run to run, so that tables have holes. ``of`` holds an exchange at
    least.
    """
    cells: dict[tuple[str, int], list[float]] = {}
    for one in of:
        cells.setdefault((one.question, one.run), []).append(value(one))
    means = np.array([float(np.mean(own)) for own in cells.values()])

    def drawn(questions: Int[np.ndarray, "b n"], runs: Int[np.ndarray, "b n"]) -> Float[np.ndarray, "b"]:
        weights = questions * runs
        return _divide(weights @ means, weights.sum(axis=1))

    names, own = [name for name, _ in cells], [run for _, run in cells]
    return _score(float(means.mean()), drawn, names, own, n_resamples, seed)


def share_of(of: Sequence[Seen], value: Callable[[Seen], bool], n_resamples: int, seed: int = 0) -> Score:
    """As `mean_of`; where all have 0, or all 1, with Wilson's interval on as many questions.

    Resampling would say there that the share is certain.
    """
    score = mean_of(of, lambda one: float(value(one)), n_resamples, seed)
    return wilson(round(score.value * score.n), score.n) if score.value in (0.0, 1.0) else score


def auroc_by_run(
    over: Sequence[Seen],
    under: Sequence[Seen],
    value: Callable[[Seen], float],
    n_resamples: int,
    seed: int = 0,
) -> Score | None:
    """The chance that one of ``over`` scores above one of ``under`` of the same run, runs weighing the same.

    Ties count half. None where no run has both. ``n`` counts questions, which are resampled as in `mean_of`.
    """
    every = [*over, *under]
    y = np.array([True] * len(over) + [False] * len(under))
    runs = np.array([one.run for one in every])
    kept = [run for run in np.unique(runs) if 0 < y[runs == run].sum() < (runs == run).sum()]
    if not kept:
        return None
    inside = np.isin(runs, kept)
    y, runs = y[inside], runs[inside]
    scores = np.array([value(one) for one in every])[inside]
    names = np.array([one.question for one in every])[inside]
    places = [np.flatnonzero(runs == run) for run in kept]
    ranked = [Ranked.of(y[own], scores[own]) for own in places]

    def drawn(questions: Int[np.ndarray, "b n"], often: Int[np.ndarray, "b n"]) -> Float[np.ndarray, "b"]:
        each = np.stack([one.auroc(questions[:, own]) for one, own in zip(ranked, places, strict=True)])
        weights = np.stack([often[:, own[0]] for own in places]) * ~np.isnan(each)
        return _divide((weights * np.nan_to_num(each)).sum(axis=0), weights.sum(axis=0))

    once = np.ones((1, len(y)), dtype=np.int64)
    return _score(float(drawn(once, once)[0]), drawn, names.tolist(), runs.tolist(), n_resamples, seed)


def _score(
    value: float, drawn: Drawn, questions: Sequence[str], runs: Sequence[int], n_resamples: int, seed: int
) -> Score:
    rng = np.random.default_rng(seed)
    by_question, by_run = (Design.of(len(names), clusters=names) for names in (questions, runs))
    if by_question.n_units == 1 and by_run.n_units == 1:
        return Score(value=value, n=1)
    blocks = zip(by_question.draws(n_resamples, rng), by_run.draws(n_resamples, rng), strict=True)
    found = np.concatenate([drawn(asked, often) for asked, often in blocks])
    found = found[~np.isnan(found)]
    if len(found) < LEAST_DEFINED * n_resamples:
        return Score(value=value, n=by_question.n_units)
    low, high = percentile(found)
    return Score(value=value, low=low, high=high, n=by_question.n_units)


def _divide(sums: Num[np.ndarray, "b"], totals: Num[np.ndarray, "b"]) -> Float[np.ndarray, "b"]:
    """NaN where nothing was drawn."""
    found = np.full(len(totals), np.nan)
    np.divide(sums, totals, out=found, where=totals > 0)
    return found
