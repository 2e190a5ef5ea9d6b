"""A study's hypotheses, decided from its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eudaimon.core import Score
from eudaimon.measure.hierarchical import contrast
from eudaimon.measure.multiplicity import holm
from eudaimon.measure.paired import equivalent_paired
from eudaimon.measure.panel import Panel
from eudaimon.measure.verdict import decide
from eudaimon.study.records import HypothesisRow
from eudaimon.study.summary.compare import Tests
from eudaimon.study.summary.places import Place, paired
from eudaimon.study.summary.predictions import Predicted
from eudaimon.study.summary.several import undecided


def hypotheses(
    found: Mapping[Place, Panel], predictions: Sequence[Predicted], tests: Tests
) -> tuple[HypothesisRow, ...]:
    """The verdict on every prediction, in order; undecided where its cells do not share two finished seeds.

    Adjusted by Holm for all predictions, also for those that are not finished: half a study is no easier a
    test than the whole. Raises `UsageError` where the cells' questions differ.
    """
    results, unfinished = [], []
    for one in predictions:
        a = found.get(Place(one.row, one.column, one.scope, one.metric))
        b = found.get(Place(one.reference, one.column, one.scope, one.metric))
        if a is None or b is None or len(set(a.seeds) & set(b.seeds)) < 2:
            unfinished.append(_unfinished(one))
            continue
        a, b = paired(a, b)
        n, seed = tests.n_resamples, tests.seed
        equal = equivalent_paired(a, b, one.bound, n_resamples=n, seed=seed)
        results.append((one, contrast(a, b, n_resamples=n, seed=seed), equal.p))
    adjusted = holm([result.p for _, result, _ in results] + [1.0] * len(unfinished)) if results else ()
    decided = [
        _decided(one, result.difference, result.p, float(p), equal, len(predictions))
        for (one, result, equal), p in zip(results, adjusted, strict=False)
    ]
    order = {one.name: place for place, one in enumerate(predictions)}
    return tuple(sorted((*decided, *unfinished), key=lambda row: order[row.name]))


def _unfinished(one: Predicted) -> HypothesisRow:
    return undecided(
        one.name,
        says=one.says,
        row=one.row,
        reference=one.reference,
        column=one.column,
        metric=one.metric,
        bound=one.bound,
        why="Both cells must be finished in the same two seeds at least, and are not.",
    ).model_copy(update={"scope": one.scope, "direction": one.direction})


def _decided(
    one: Predicted, difference: Score, p: float, p_holm: float, p_equivalent: float, n_tests: int
) -> HypothesisRow:
    verdict = decide(
        one.name,
        one.direction,
        difference,
        p,
        p_holm,
        bound=one.bound,
        p_equivalent=p_equivalent,
        method="holm",
        n_tests=n_tests,
    )
    return HypothesisRow(
        name=one.name,
        says=one.says,
        row=one.row,
        reference=one.reference,
        column=one.column,
        scope=one.scope,
        metric=one.metric,
        direction=one.direction,
        verdict=verdict.word,
        difference=Score(value=difference.value, low=difference.low, high=difference.high, n=difference.n),
        p=p,
        p_holm=p_holm,
        n_tests=n_tests,
        bound=one.bound,
        p_equivalent=p_equivalent,
        reasons=verdict.reasons,
    )
