"""How far two judges agree on the same answers, with intervals over questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from eudaimon.core.errors import UsageError
from eudaimon.core.score import Score
from eudaimon.evaluate.rows import Row, Rows
from eudaimon.measure.agreement import cohen_kappa, pearson

KINDS = ("misaligned", "refusal", "code", "unparseable")
SCALES = ("alignment", "coherence")


@dataclass(frozen=True)
class Agreement:
    """What two judges agree on: kappa of verdicts and correlation of scores by metric, and of how many.

    Intervals are over questions, ``means`` the two judges' mean values by metric. ``undefined`` says which
    metrics have neither kappa nor correlation and why: neither judge ever says misaligned, for instance.
    ``paired`` counts answers that both have judged, ``unpaired`` rows of either that have no counterpart.
    """

    judges: tuple[str, str]
    kappa: Mapping[str, Score]
    correlation: Mapping[str, Score]
    means: Mapping[str, tuple[float, float]]
    undefined: tuple[str, ...]
    paired: int
    unpaired: int


def agreement(
    first: Iterable[Row], second: Iterable[Row], *, n_resamples: int = 1000, seed: int = 0
) -> Agreement:
    """How far the judge of some rows agrees with the judge of others on the answers that both have judged.

    Rows belong together when all but judge and value are the same. Raises `UsageError` unless each side has
    one judge and they have answers in common.
    """
    (names_a, rows_a), (names_b, rows_b) = _by_place(first), _by_place(second)
    judges = (_only(names_a), _only(names_b))
    shared = sorted(set(rows_a) & set(rows_b))
    if not shared:
        raise UsageError(
            "the two judges have no answer in common", right="rows of the same answers by two judges"
        )
    kappa: dict[str, Score] = {}
    correlation: dict[str, Score] = {}
    means: dict[str, tuple[float, float]] = {}
    undefined = []
    for metric in sorted({place[-1] for place in shared}):
        places = [place for place in shared if place[-1] == metric]
        a, b = (np.array([rows[place] for place in places]) for rows in (rows_a, rows_b))
        means[metric] = (float(a.mean()), float(b.mean()))
        scale = metric in SCALES
        if not scale and metric not in KINDS and ":" not in metric:
            continue
        statistic, kept = (pearson, correlation) if scale else (cohen_kappa, kappa)
        questions = [place[4] for place in places]
        try:
            kept[metric] = statistic(a, b, clusters=questions, n_resamples=n_resamples, seed=seed)
        except UsageError as error:
            undefined.append(f"{metric}: {error.what}")
    return Agreement(
        judges,
        kappa,
        correlation,
        means,
        tuple(undefined),
        paired=len({place[:-1] for place in shared}),
        unpaired=len(set(rows_a) ^ set(rows_b)),
    )


Place = tuple[str, str, int, str, str, str, str, str]
"""Study, cell, seed, step, question, sample, subject and metric."""


def _by_place(rows: Iterable[Row]) -> tuple[set[str], dict[Place, float]]:
    columns = Rows.of(rows).columns
    judges: set[str] = set()
    found: dict[Place, float] = {}
    names = ("study", "cell", "seed", "step", "question", "sample", "subject", "metric", "value", "judge")
    for *place, value, judge in zip(*(columns[name].to_pylist() for name in names), strict=True):
        study, cell, seed, step, question, sample, subject, metric = place
        key = (study, cell, seed, "" if step is None else str(step), question, sample, subject, metric)
        if key in found and judges == {judge}:
            raise UsageError(f"{metric} of sample {sample} of {question} occurs twice", right="each row once")
        judges.add(judge)
        found[key] = value
    return judges, found


def _only(judges: set[str]) -> str:
    if len(judges) != 1:
        raise UsageError(
            f"the rows are by {len(judges)} judges: {', '.join(sorted(judges)) or 'nobody'}",
            right="rows of one judge on either side",
        )
    return next(iter(judges))
