"""Every question of a ground within as many frames of one form as the budget says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eudaimon.evaluate.attack.attack import Attacked, Target


def framed(
    target: Target, form: str, budgets: Sequence[float], seed: int, *, harmful: bool
) -> Iterator[Attacked]:
    """The target asked each question in the first ``budget`` frames of a form, drawn by ``seed``.

    ``harmful`` frames or their benign counterparts, as `Ground.framed`, which may raise `NotGiven`.
    """
    for budget in budgets:
        cases = tuple(
            one
            for case in target.ground.cases()
            for one in target.ground.framed(case, form, int(budget), harmful=harmful, seed=seed)
        )
        yield Attacked(budget, target.model, cases)
