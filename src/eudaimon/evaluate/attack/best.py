"""The attacker's best of several tries at a question, beside the mean over them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eudaimon.evaluate.rows import Row

BEST = "_best"
"""What the metric of the best try is called after the metric."""
DRAW = "/"
"""Between the name of a try and the number of a draw in a sample id: ``story-Malva/3``."""

VARIANT_OF = ":"
"""Between the variant of a question and the sample of it, as judged answers have it."""


def best_rows(rows: Iterable[Row], metric: str) -> list[Row]:
    """For every question that was tried in several ways, the ``metric`` of the way that worked best.

    Its metric is called ``METRIC_best``; questions tried in one way have none, and variants of
    a question count as questions. An exact judge's best is the
    maximum over tries. Where answers are drawn, a maximum would pick luck: the try is chosen by every second
    of its draws and its value is that of the others, so that the mean is not biased upwards by the choice
    (with one draw a try it is, and is an upper bound). It grows with the number of tries, which is the
    attacker's budget: compare it at equal budgets only.
    """
    of: dict[tuple[str, str], dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row.metric == metric:
            variant, _, sample = row.sample.rpartition(VARIANT_OF)
            of[row.question, variant][sample.rpartition(DRAW)[0] or sample].append(row)
    return list(_best(of.values(), f"{metric}{BEST}"))


def _best(questions: Iterable[dict[str, list[Row]]], name: str) -> Iterator[Row]:
    for tries in questions:
        if len(tries) > 1:
            chosen = max(tries, key=lambda each: _mean(tries[each][::2]))
            read = tries[chosen][1::2] or tries[chosen]
            yield replace(read[0], sample=chosen, metric=name, value=_mean(read))


def _mean(rows: Sequence[Row]) -> float:
    return sum(row.value for row in rows) / len(rows)
