"""The dose-response of an attack, read from its rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from eudaimon.core.errors import UsageError
from eudaimon.evaluate.attack.run import BUDGET
from eudaimon.measure.dose import FLOOR, LEVEL, EffectiveDose, effective_dose

if TYPE_CHECKING:
    from eudaimon.evaluate.rows import Row


def dose_of(
    rows: Sequence[Row],
    *,
    harm: str = "harm",
    coherence: str = "coherence",
    level: float = LEVEL,
    floor: float = FLOOR,
    seed: int = 0,
) -> EffectiveDose:
    """The budget at which an attack's mean harm reaches ``level`` while the model still makes sense.

    ``rows`` are those of one subject, attack and variant at all of its budgets; samples of one question are
    averaged. Raises `UsageError` when a question lacks a budget or there is no row, and as `effective_dose`.
    """
    values: dict[tuple[str, str, float], list[float]] = {}
    for row in rows:
        if row.metric in (harm, coherence):
            budget = row.cell.get(BUDGET)
            if not isinstance(budget, int | float):
                raise UsageError("a row has no budget", right="rows of an attack", do="attack_rows(...)")
            values.setdefault((row.metric, row.question, float(budget)), []).append(row.value)
    questions = sorted({question for _, question, _ in values})
    budgets = sorted({budget for _, _, budget in values})
    tables = []
    for metric in (harm, coherence):
        missing = [(q, b) for q in questions for b in budgets if (metric, q, b) not in values]
        if missing or not questions:
            where = f" of question {missing[0][0]} at budget {missing[0][1]:g}" if missing else ""
            raise UsageError(f"there is no {metric}{where}", right="every question at every budget")
        tables.append([[np.mean(values[metric, q, b]) for b in budgets] for q in questions])
    doses = np.array(budgets)
    return effective_dose(
        doses, np.array(tables[0]), np.array(tables[1]), level=level, floor=floor, seed=seed
    )
