"""What arms tell without a judge, over seeds and questions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from eudaimon.evaluate.cost.cost import SEPARATOR
from eudaimon.evaluate.judge_free.choice import UNITS
from eudaimon.evaluate.panels import limits_of, panels_by
from eudaimon.measure.hierarchical import hierarchical
from eudaimon.study.reactivation_records import UnjudgedRow
from eudaimon.study.summary.compare import Tests, plain

if TYPE_CHECKING:
    from eudaimon.evaluate.rows import Row


def unjudged(
    rows: Iterable[Row], arms: Sequence[str], row_field: str, tests: Tests
) -> tuple[UnjudgedRow, ...]:
    """One for each arm and metric, arm by arm; metrics that are no likelihood's are AUROCs.

    An AUROC is one value a seed: its interval is over seeds, and there is none with one seed.
    """

    def where(row: Row) -> Iterator[tuple[str, str]]:
        yield str(row.cell[row_field]), row.metric

    made = []
    for (arm, metric), panel in panels_by(rows, where).items():
        unit = UNITS.get(metric.partition(SEPARATOR)[0], "AUROC")
        score = hierarchical(
            panel.shared(),
            limits=limits_of(unit),
            n_resamples=tests.n_resamples,
            seed=tests.seed,
        )
        made.append(UnjudgedRow(row=arm, metric=metric, unit=unit, score=plain(score), n_seeds=score.n_seeds))
    return tuple(row for arm in arms for row in made if row.row == arm)
