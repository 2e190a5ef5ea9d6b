from __future__ import annotations

import pytest

from eudaimon.core import UsageError
from eudaimon.evaluate.dose import dose_of
from eudaimon.evaluate.rows import Label

HARM = {0: 0.0, 1: 0.25, 2: 0.75}


def rows(budgets=(0, 1, 2), *, questions=("a", "b"), label=None):
    return [
        (label or Label(cell={"budget": float(budget)})).row(q, "0", metric, value, judge="", subject="")
        for q in questions
        for budget in budgets
        for metric, value in (("harm", HARM[budget]), ("coherence", 0.9), ("refusal", 0.0))
    ]


def test_rows_give_the_dose_between_budgets():
    assert dose_of(rows()).dose == pytest.approx(1.5)
    assert dose_of(rows(), level=0.8).dose is None
    assert dose_of(rows(), level=0.25).dose == 1.0


def test_rows_without_a_budget_and_questions_without_one_are_refused():
    with pytest.raises(UsageError, match="budget"):
        dose_of(rows(label=Label()))
    with pytest.raises(UsageError, match="question b at budget 2"):
        dose_of([*rows(questions=("a",)), *rows(budgets=(0, 1), questions=("b",))])
    with pytest.raises(UsageError, match="harm"):
        dose_of([])
