"""An attack carried out and read: rows for each variant and budget."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from eudaimon.evaluate.attack.best import best_rows
from eudaimon.evaluate.rows import Label

if TYPE_CHECKING:
    from eudaimon.evaluate.attack.attack import Attack, Attacked, Target
    from eudaimon.evaluate.rows import Row

ATTACK, VARIANT, BUDGET = "attack", "variant", "budget"
AFTER, AFTER_BUDGET = "after", "after_budget"
"""The fields of a cell that say under which attack its rows were read."""


def attack_rows(
    target: Target,
    attack: Attack,
    *,
    variant: str | None = None,
    budgets: Sequence[float] | None = None,
    seed: int = 0,
    label: Label | None = None,
) -> Iterator[list[Row]]:
    """The rows of one variant (the first, unless named), budget by budget as they are read.

    Where a question was tried in several ways, the best of them has a row too; see `best_rows`. Their cell
    has the fields ``attack``, ``variant`` and ``budget`` beside those of ``label``. Raises
    `NotGiven` when the ground lacks what the attack needs, else as `Attack` does.
    """
    label = label or Label()
    variant = attack.variants[0].name if variant is None else variant
    for attacked in attack(target, variant, attack.budgets if budgets is None else budgets, seed):
        cell = {**label.cell, ATTACK: attack.name, VARIANT: variant, BUDGET: attacked.budget}
        rows = target.ground.read(attacked.model, attacked.cases, replace(label, cell=cell))
        yield [*rows, *best_rows(rows, target.ground.harm)]


def rows_after(
    first: Attacked, target: Target, attack: Attack, *, after: str, label: Label | None = None, **how: Any
) -> Iterator[list[Row]]:
    """As `attack_rows`, put to what another attack has left: retrieved texts after fine-tuning, for instance.

    Their cell has the fields ``after`` (that attack's name) and ``after_budget`` too.
    """
    label = label or Label()
    cell = {**label.cell, AFTER: after, AFTER_BUDGET: first.budget}
    yield from attack_rows(replace(target, model=first.model), attack, label=replace(label, cell=cell), **how)
