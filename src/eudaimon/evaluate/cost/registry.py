"""Which costs there are: the files of `eudaimon.evaluate.costs`."""

from __future__ import annotations

from functools import cache

from eudaimon.core.discovery import found_in, pick
from eudaimon.evaluate.cost.cost import Cost


@cache
def costs() -> tuple[Cost, ...]:
    """All costs, by name."""
    return tuple(sorted(found_in("eudaimon.evaluate.costs", "COST").values(), key=lambda cost: cost.name))


def cost_named(name: str) -> Cost:
    """The cost of that name; raises `UsageError` with the known names otherwise."""
    return pick({cost.name: cost for cost in costs()}, name, "cost")
