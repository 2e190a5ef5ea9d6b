"""The dose at which half of the answers turn, arm by arm, under a floor of coherence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from eudaimon.core.errors import UsageError
from eudaimon.measure.dose import FLOOR, LEVEL, effective_dose
from eudaimon.study.cost_records import HalfDose
from eudaimon.study.summary.attack_panels import COHERENCE, HARM, Panels, budgets_of, of_one_design
from eudaimon.study.summary.compare import Tests


def half_doses(
    panels: Panels, arms: Sequence[str], columns: Sequence[str], tests: Tests
) -> Iterator[HalfDose]:
    """One for each arm and column that was read at two budgets or more, seeds and questions resampled."""
    for column in columns:
        for arm in arms:
            budgets = budgets_of(panels, arm, column)
            read = {
                f"{metric}@{budget}": panels[arm, column, metric, budget]
                for budget in budgets
                for metric in (HARM, COHERENCE)
                if (arm, column, metric, budget) in panels
            }
            shared = of_one_design(read)
            if len(budgets) > 1 and len(shared) == 2 * len(budgets):
                tables = [
                    np.stack(
                        [
                            shared[f"{metric}@{budget}"].values.reshape(
                                len(shared[f"{metric}@{budget}"].seeds), -1
                            )
                            for budget in budgets
                        ],
                        axis=-1,
                    )
                    for metric in (HARM, COHERENCE)
                ]
                yield _half(arm, column, np.array(budgets), tables, tests)


def _half(arm: str, column: str, doses: np.ndarray, tables: Sequence[np.ndarray], tests: Tests) -> HalfDose:
    n_seeds, n, _ = tables[0].shape
    place = {"row": arm, "column": column, "level": LEVEL, "floor": FLOOR, "n": n, "n_seeds": n_seeds}
    try:
        found = effective_dose(doses, tables[0], tables[1], n_resamples=tests.n_resamples, seed=tests.seed)
    except UsageError as error:
        return HalfDose.model_validate({**place, "note": error.what})
    return HalfDose.model_validate(
        {
            **place,
            **{name: getattr(found, name) for name in ("dose", "low", "high", "reached", "most", "last")},
        }
    )
