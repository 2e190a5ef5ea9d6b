"""A study's hypotheses, decided from its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eudaimon.core import Score
from eudaimon.measure.hierarchical import contrast
from eudaimon.measure.multiplicity import holm
from eudaimon.measure.paired import equivalent_paired
from eudaimon.measure.panel import Panel
from eudaimon.measure.verdict import Direction, decide
from eudaimon.study.records import HypothesisRow
from eudaimon.study.summary.compare import Tests
from eudaimon.study.summary.places import Place, paired


@dataclass(frozen=True)
class Predicted:
    """``row`` has more (or less) of ``metric`` than ``reference``, in one column and scope.

    ``bound`` is the smallest difference that would matter, in the metric's unit; stated before the data.
    """

    name: str
    row: str
    reference: str
    column: str
    scope: str
    metric: str
    direction: Direction
    bound: float


def hypotheses(
    found: Mapping[Place, Panel], predictions: Sequence[Predicted], tests: Tests
) -> tuple[HypothesisRow, ...]:
    """The verdict on every prediction of which both cells are finished on two seeds at least.

    Adjusted by Holm for all predictions, also for those that are not finished: half a study is no easier a
    test than the whole. Raises `UsageError` where the cells' questions differ.
    """
    results = []
    for one in predictions:
        a = found.get(Place(one.row, one.column, one.scope, one.metric))
        b = found.get(Place(one.reference, one.column, one.scope, one.metric))
        if a is None or b is None or len(set(a.seeds) & set(b.seeds)) < 2:
            continue
        a, b = paired(a, b)
        n, seed = tests.n_resamples, tests.seed
        equal = equivalent_paired(a, b, one.bound, n_resamples=n, seed=seed)
        results.append((one, contrast(a, b, n_resamples=n, seed=seed), equal.p))
    if not results:
        return ()
    missing = len(predictions) - len(results)
    adjusted = holm([result.p for _, result, _ in results] + [1.0] * missing)
    return tuple(
        _decided(one, result.difference, result.p, float(p), equal, len(predictions))
        for (one, result, equal), p in zip(results, adjusted, strict=False)
    )


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
