"""The axis of an attack's budget: doublings as even steps, from 0."""

from __future__ import annotations

from typing import Any

TICKS = 5


def along(axes: Any, budgets: list[float], ticks: int = TICKS) -> None:
    """Set the horizontal axis to rising ``budgets``, at most ``ticks`` of which are named."""
    axes.set_xscale("symlog", linthresh=min((each for each in budgets if each > 0), default=1.0))
    named = budgets[:: -(-len(budgets) // ticks)]
    axes.set_xticks(named, [short(each) for each in named])
    axes.set_xticks([], minor=True)


def short(budget: float) -> str:
    """A budget in a few signs: ``0.5``, ``16``, ``30k``, ``1M``."""
    for size, sign in ((1e6, "M"), (1e3, "k")):
        if budget >= size:
            return f"{budget / size:g}{sign}"
    return f"{budget:g}"
