"""A stack written as one adapter, which acts exactly as the stack does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from eudaimon.core import UsageError
from eudaimon.models.adapters.adapter import Adapter, as_stack, read_config
from eudaimon.models.adapters.origin import Origin, read_origin
from eudaimon.models.adapters.save import write_adapter
from eudaimon.models.adapters.updates import Factors, factors, scaling


def joined_adapter(stack: Sequence[Adapter], folder: str | Path, *, name: str) -> Adapter:
    """One LoRA in ``folder`` whose update is the sum of those of ``stack``, weights and scalings included.

    The factors stand side by side: the rank is the sum of the ranks, and nothing is approximated or merged
    into the base. Raises `UsageError` for an empty stack, for adapters on different modules, and for those of
    different bases.
    """
    import torch

    stack = as_stack(stack)
    if not stack:
        raise UsageError("there is nothing to join: the stack is empty", right="one adapter at least")
    configs = [read_config(adapter.folder) for adapter in stack]
    parts = [{own.module: own for own in factors(adapter.folder)} for adapter in stack]
    origins = [read_origin(adapter.folder) for adapter in stack]
    bases = {origin.base for origin in origins if origin and origin.base}
    if len({frozenset(own) for own in parts}) > 1 or len(bases) > 1:
        raise UsageError(
            f"{', '.join(adapter.name for adapter in stack)} are LoRAs on different modules or bases",
            right="LoRAs on the same modules of one base",
        )

    def left(place: int, own: Factors) -> torch.Tensor:
        # The strength goes into B, so that the joined adapter needs none: its alpha is its rank.
        return (own.b.double() * scaling(configs[place], own) * stack[place].weight).to(own.b.dtype)

    tensors, ranks = {}, set()
    for module, first in parts[0].items():
        tensors[first.a_name] = torch.cat([own[module].a for own in parts], dim=0)
        tensors[first.b_name] = torch.cat([left(n, own[module]) for n, own in enumerate(parts)], dim=1)
        ranks.add(tensors[first.a_name].shape[0])
    if len(ranks) > 1:
        raise UsageError("the ranks of a LoRA differ between its modules", right="one rank for all modules")
    rank = ranks.pop()
    config = configs[0] | {
        "r": rank,
        "lora_alpha": rank,
        "use_rslora": False,
        "rank_pattern": {},
        "alpha_pattern": {},
    }
    first_origin = next((origin for origin in origins if origin), None)
    about = Origin(
        base=bases.pop() if bases else "",
        base_name=first_origin.base_name if first_origin else "",
        init_seed=first_origin.init_seed if first_origin else None,
    )
    folder = Path(folder)
    write_adapter(folder, config, tensors, about)
    return Adapter(name, folder)
