"""Which switches bring back the stack that a monitor or a direction was made on."""

from __future__ import annotations

from collections.abc import Sequence

from eudaimon.core import Binding
from eudaimon.models.adapters.adapter import Adapter


def way_back(
    made_on: Binding, known: Sequence[Adapter], acting: Sequence[Adapter]
) -> tuple[tuple[str, float | None], ...] | None:
    """Names to switch with their weights (None: off) until the adapters of ``made_on`` act, in order.

    Empty when they act already; None when one of them is not ``known`` or they acted in another order.
    """
    weights: dict[str, float] = {}
    for identity in made_on.adapters:
        fingerprint, _, weight = identity.partition("*")
        adapter = next((each for each in known if each.fingerprint == fingerprint), None)
        if adapter is None:
            return None
        weights[adapter.name] = float(weight or 1)
    if [adapter.name for adapter in known if adapter.name in weights] != list(weights):
        return None
    now = {adapter.name: adapter.weight for adapter in acting}
    return tuple(
        (adapter.name, weights.get(adapter.name))
        for adapter in known
        if now.get(adapter.name) != weights.get(adapter.name)
    )
