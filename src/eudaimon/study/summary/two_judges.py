"""Two judges of the same answers: how far they agree, where they do not, and what would be concluded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from eudaimon.evaluate.judging.agreement import agreement
from eudaimon.study.judge_records import JudgeAgreement, JudgedCell, TwoJudges, VerdictByJudge
from eudaimon.study.records import HypothesisRow
from eudaimon.study.summary.along import SCALE
from eudaimon.study.summary.compare import Tests
from eudaimon.study.summary.places import Place

if TYPE_CHECKING:
    from eudaimon.evaluate.rows import Row

SHOWN = ("misaligned", "alignment", "coherence")
COUNTED = "misaligned"
Decide: TypeAlias = Callable[[Iterable["Row"]], Sequence[HypothesisRow]]
"""The hypotheses that are decided from rows."""
Key: TypeAlias = tuple[int, int | None, str, str, str, str]


@dataclass(frozen=True)
class JudgedTwice:
    """Rows of the same answers by two judges, each answer once, as the steps wrote them with their seeds.

    ``placed`` are the same rows where they stand in the study's table, in as many cells as they belong to.
    """

    first: Sequence[Row]
    second: Sequence[Row]
    placed_first: Sequence[Row]
    placed_second: Sequence[Row]


def two_judges(
    found: JudgedTwice,
    places: Callable[[Row], Iterable[Place]],
    decide: Decide,
    hypotheses: Sequence[HypothesisRow],
    tests: Tests,
) -> TwoJudges | None:
    """The comparison; None without rows of a second judge.

    ``hypotheses`` are the study's verdicts from all answers; beside them stand those of ``decide`` from the
    answers that both have judged. Raises `UsageError` when the two have no answer in common.
    """
    if not found.second:
        return None
    first, second = _one_judge(found.first), _one_judge(found.second)
    both = agreement(first, second, n_resamples=tests.n_resamples, seed=tests.seed)
    known = {_key(row) for row in second if row.metric == COUNTED}
    common = {_key(row) for row in first if row.metric == COUNTED} & known
    n_each = _counts(first, second)
    scored = [("kappa", both.kappa), ("correlation", both.correlation)]
    agreements = {
        metric: JudgeAgreement(
            metric=metric,
            statistic="kappa" if statistic == "kappa" else "correlation",
            value=value,
            first=both.means[metric][0],
            second=both.means[metric][1],
            n_answers=n_each[metric],
        )
        for statistic, values in scored
        for metric, value in values.items()
        if metric in SHOWN
    }
    return TwoJudges(
        first=both.judges[0],
        second=both.judges[1],
        n_answers=len(common),
        n_all=sum(row.metric == COUNTED for row in first),
        n_questions=len({question for _, _, question, *_ in common}),
        agreements=tuple(agreements[metric] for metric in SHOWN if metric in agreements),
        undefined=tuple(said for said in both.undefined if said.partition(":")[0] in SHOWN),
        cells=tuple(_cells(found, places)),
        verdicts=tuple(_verdicts(found, decide, hypotheses)),
    )


def _cells(found: JudgedTwice, places: Callable[[Row], Iterable[Place]]) -> Iterable[JudgedCell]:
    """Counts of every finished cell over all its questions, in the order of the rows."""
    said = [
        {
            (place.row, place.column, cell_key(row)): row.value > 0.5
            for row in rows
            if row.metric == COUNTED
            for place in places(row)
            if place.is_final
        }
        for rows in (found.placed_first, found.placed_second)
    ]
    counts: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for key, second in said[1].items():
        if key in said[0]:
            counts[key[:2]][2 * said[0][key] + second] += 1
    for (row, column), (neither, second_only, first_only, both) in counts.items():
        yield JudgedCell(
            row=row,
            column=column,
            n_answers=neither + second_only + first_only + both,
            both=both,
            first_only=first_only,
            second_only=second_only,
        )


def _verdicts(
    found: JudgedTwice, decide: Decide, hypotheses: Sequence[HypothesisRow]
) -> Iterable[VerdictByJudge]:
    judged = {cell_key(row) for row in found.placed_second}
    first = {one.name: one for one in decide(row for row in found.placed_first if cell_key(row) in judged)}
    second = {one.name: one for one in decide(found.placed_second)}
    for one in hypotheses:
        if one.name in first and one.name in second:
            yield VerdictByJudge(
                name=one.name,
                verdict=one.verdict,
                first=first[one.name].verdict,
                second=second[one.name].verdict,
                first_difference=first[one.name].difference,
                second_difference=second[one.name].difference,
            )


def cell_key(row: Row) -> tuple[Key, str]:
    """Which answer a row speaks of, and in which cell of the study."""
    return _key(row), str(sorted(row.cell.items()))


def _key(row: Row) -> Key:
    return row.seed, row.step, row.question, row.sample, row.subject, str(row.cell.get(SCALE, ""))


def _counts(first: Sequence[Row], second: Sequence[Row]) -> Mapping[str, int]:
    """How many answers both have given a value, by metric."""
    shown: dict[str, tuple[set[Key], set[Key]]] = {metric: (set(), set()) for metric in SHOWN}
    for side, rows in enumerate((first, second)):
        for row in rows:
            if row.metric in shown:
                shown[row.metric][side].add(_key(row))
    return {metric: len(a & b) for metric, (a, b) in shown.items()}


def _one_judge(rows: Sequence[Row]) -> list[Row]:
    """The rows under one name: a judge whose scores were read in two ways has both in it."""
    name = " and ".join(sorted({row.judge for row in rows}))
    return [replace(row, judge=name) for row in rows]
