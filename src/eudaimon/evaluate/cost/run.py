"""The rows of a model's costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from eudaimon.evaluate.cost.registry import cost_named, costs
from eudaimon.evaluate.rows import Label

if TYPE_CHECKING:
    from eudaimon.evaluate.cost.open import OpenCosts
    from eudaimon.evaluate.rows import Row
    from eudaimon.evaluate.town.ground import TownGround
    from eudaimon.models.model import Model

COST = "cost"
"""The field of a cell that says of which cost its rows are."""


def cost_rows(
    model: Model,
    ground: TownGround | OpenCosts,
    names: Sequence[str] | None = None,
    label: Label | None = None,
) -> list[Row]:
    """The rows of the named costs (all of them, unless given), one cost after another.

    Their cell has the field ``cost`` beside those of ``label``; a row's question is what intervals resample.
    Raises `UsageError` on a name that is no cost, and `NotGiven` when the ground lacks what a cost needs: ask
    cost by cost to go on with the others.
    """
    from eudaimon.evaluate.town.ground import TownGround

    label = label or Label()
    chosen = costs() if names is None else tuple(cost_named(name) for name in names)
    rows: list[Row] = []
    for cost in chosen:
        own = replace(label, cell={**label.cell, COST: cost.name})
        if isinstance(ground, TownGround):
            rows += cost.in_town(model, ground, own)
        else:
            rows += cost.in_open(model, ground, own)
    return rows
