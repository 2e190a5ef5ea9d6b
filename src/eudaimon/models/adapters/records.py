"""Whether the stack that is asked for is the one on record."""

from __future__ import annotations

from collections.abc import Sequence

from eudaimon.models.adapters.adapter import Adapter
from eudaimon.models.adapters.errors import InactiveAdapter, StackOrderChanged, UnexpectedAdapter


def require_same_stack(asked: Sequence[Adapter], recorded: Sequence[Adapter]) -> None:
    """Nothing when both stacks have the same adapters in the same order with the same weights.

    Raises `InactiveAdapter` for one that is asked for and not on record, `UnexpectedAdapter` for one on
    record that nobody asks for, `StackOrderChanged` for another order or weight.
    """
    right = f"on record is {_shown(recorded)}, asked for {_shown(asked)}"
    known = {adapter.fingerprint: adapter for adapter in recorded}
    wanted = {adapter.fingerprint for adapter in asked}
    for adapter in asked:
        if adapter.fingerprint not in known:
            raise InactiveAdapter(f"adapter {adapter.name} is asked for and does not act", right=right)
    for adapter in recorded:
        if adapter.fingerprint not in wanted:
            raise UnexpectedAdapter(f"adapter {adapter.name} acts and is not asked for", right=right)
    if [adapter.fingerprint for adapter in asked] != [adapter.fingerprint for adapter in recorded]:
        raise StackOrderChanged("the order of the stack is not the one on record", right=right)
    for adapter in asked:
        if adapter.weight != known[adapter.fingerprint].weight:
            raise StackOrderChanged(f"the weight of adapter {adapter.name} is not on record", right=right)


def _shown(stack: Sequence[Adapter]) -> str:
    return ", ".join(f"{a.name} ({a.weight:g} x {a.fingerprint})" for a in stack) or "no adapter"
