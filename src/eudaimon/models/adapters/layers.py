"""The LoRA layers inside a network: what acts in them, checked against what should, before every forward."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from eudaimon.models.adapters.errors import (
    AdapterError,
    InactiveAdapter,
    MergedAdapter,
    StackOrderChanged,
    UnexpectedAdapter,
    UnfrozenAdapter,
)

if TYPE_CHECKING:
    from torch import nn

PARTS = ("lora_A", "lora_B", "lora_embedding_A", "lora_embedding_B")


@dataclass(frozen=True)
class LoraLayer:
    """One wrapped layer: PEFT's module, and the strength of each adapter in it as its config says."""

    name: str
    module: Any
    natural: Mapping[str, float]
    """alpha / r, or alpha / sqrt(r) with rsLoRA: what weight 1 means."""
    held: Mapping[str, tuple[nn.Parameter, ...]]
    """The weights of each adapter as they were found: walking the modules before each forward is slow."""

    def parameters(self, adapter: str) -> Iterator[tuple[str, nn.Parameter]]:
        """Names and weights of one adapter in this layer."""
        for part in PARTS:
            held = getattr(self.module, part)
            if adapter not in held:
                continue
            own = held[adapter]
            if hasattr(own, "named_parameters"):
                yield from ((f"{self.name}.{part}.{name}", value) for name, value in own.named_parameters())
            else:
                yield f"{self.name}.{part}", own


def find(module: nn.Module, known: Mapping[str, Mapping[str, float]]) -> tuple[LoraLayer, ...]:
    """The LoRA layers of a network; ``known`` are natural strengths recorded earlier, by layer name.

    An adapter that is new in a layer has its natural strength there now.
    """
    layers = []
    for name, part in module.named_modules():
        if hasattr(part, "lora_A") and hasattr(part, "active_adapters"):
            natural = {**part.scaling, **{k: v for k, v in known.get(name, {}).items() if k in part.scaling}}
            layer = LoraLayer(name, part, natural, {})
            held = {own: tuple(value for _, value in layer.parameters(own)) for own in natural}
            layers.append(replace(layer, held=held))
    return tuple(layers)


def require_state(
    layers: Sequence[LoraLayer], weights: Mapping[str, float], *, trainable: str | None = None
) -> None:
    """Nothing when in every layer exactly the adapters of ``weights`` act, in order, unmerged and frozen.

    Raises the `AdapterError` that says what is wrong, how many layers have it, and what to type.
    """
    wanted = [name for name, weight in weights.items() if weight]
    for layer in layers:
        module = layer.module
        if module.merged:
            raise MergedAdapter(
                f"{', '.join(module.merged_adapters)} is merged into the base at {layer.name}",
                right="adapters are stacked and never merged",
                do="open the subject anew",
            )
        if wanted and module.disable_adapters:
            raise InactiveAdapter(
                f"{', '.join(wanted)} should act, and all adapters are disabled at {layer.name}",
                right="switch a stack off through the ledger",
                do="with with_stack(model, ()) as base: ...",
            )
        if list(module.active_adapters) != wanted:
            raise _difference(list(module.active_adapters), wanted, layers)
        for name in wanted:
            if name in layer.natural and module.scaling[name] != layer.natural[name] * weights[name]:
                raise StackOrderChanged(
                    f"adapter {name} acts with {module.scaling[name] / layer.natural[name]:g} times its "
                    f"strength at {layer.name}",
                    right=f"its weight on record is {weights[name]:g}",
                )
        for name, held in layer.held.items():
            if name != trainable and any(value.requires_grad for value in held):
                raise UnfrozenAdapter(
                    f"adapter {name} takes gradients at {layer.name}",
                    right="PEFT's set_adapter turns them on for all that it activates",
                    do="ledger.activate(stack), which freezes them",
                )


def _difference(active: list[str], wanted: list[str], layers: Sequence[LoraLayer]) -> AdapterError:
    bad = sum(list(layer.module.active_adapters) != wanted for layer in layers)
    where = f"in {bad} of {len(layers)} layers"
    now = f"active are {', '.join(active) or 'none'}, on record {', '.join(wanted) or 'none'}"
    do = "ledger.activate(stack)"
    missing = [name for name in wanted if name not in active]
    extra = [name for name in active if name not in wanted]
    if missing:
        what = f"adapter {', '.join(missing)} is in the stack and inactive {where}"
        return InactiveAdapter(what, right=now, do=do)
    if extra:
        what = f"adapter {', '.join(extra)} is not in the stack and acts {where}"
        return UnexpectedAdapter(what, right=now, do=do)
    return StackOrderChanged(f"the order of the stack has changed {where}", right=now, do=do)
