"""One model over several GPUs: whole blocks on each, one after the other, by accelerate.

What a function puts beside a model's states goes to the device of the states themselves; inputs go to
`Model.device`, that of the embedding, where the logits come back. Every GPU waits for the one before it: this
is for models that one GPU does not hold, and makes nothing faster. LoRAs are trained so too, by one process
(`train.nursery.placement`). Weights on a CPU or a disk are refused: the ledger could not read them where they
act.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, TypeAlias

from eudaimon.core import ModelUnavailable, UsageError
from eudaimon.models.ranks import world_size

if TYPE_CHECKING:
    import torch
    from torch import nn

AUTO = "auto"
DeviceMap: TypeAlias = "Mapping[str, str | int | torch.device]"
"""Names of modules, as transformers has them, to devices."""
ELSEWHERE = ("cpu", "disk")


def wanted(device: Any, needed: int, share: float) -> Any:
    """``auto`` or a map where the model is to be spread, else None; ``needed`` are its weights’ bytes.

    ``auto`` spreads over the visible GPUs where there are two or more. Without a device a model is spread
    where the first GPU has not ``share`` of its free memory for it and there are others. Of several launched
    processes each has one GPU: there nothing is spread unasked, and ``auto`` raises `UsageError`.
    """
    import torch

    if isinstance(device, Mapping):
        return dict(device)
    if world_size() > 1:
        if device == AUTO:
            raise UsageError(
                f"device auto gives one process all GPUs, and this is one of {world_size()} launched",
                right="one process, or several that hold the whole model each",
                do="leave out --accelerate-config, or --device auto",
            )
        return None
    several = torch.cuda.is_available() and torch.cuda.device_count() > 1
    if not several or device not in (None, AUTO):
        return None
    if device == AUTO or needed > share * torch.cuda.mem_get_info(0)[0]:
        return AUTO
    return None


def free_bytes() -> int:
    """The free memory of all visible GPUs together."""
    import torch

    return sum(torch.cuda.mem_get_info(number)[0] for number in range(torch.cuda.device_count()))


def require_on_gpus(module: nn.Module, name: str) -> None:
    """Nothing when no part of a spread model lies off the GPUs; raises `ModelUnavailable` otherwise.

    A map that puts everything on one CPU is no spreading and is fine.
    """
    places = {str(place) for place in getattr(module, "hf_device_map", {}).values()}
    outside = sorted(places & set(ELSEWHERE))
    if outside and places != {"cpu"}:
        raise ModelUnavailable(
            f"{name} does not fit into its GPUs: a part of it would lie on the {outside[0]}",
            right="more GPUs, or a smaller model or dtype",
        )


def is_spread(module: nn.Module) -> bool:
    """Whether the network's parts lie on several devices."""
    return len({str(place) for place in getattr(module, "hf_device_map", {}).values()}) > 1


def input_device(module: nn.Module) -> torch.device:
    """Where the embedding lies: tokens go there, and logits come back."""
    whole: Any = module
    device: torch.device = whole.get_input_embeddings().weight.device
    return device


@contextmanager
def outputs_together(module: nn.Module) -> Iterator[None]:
    """Within the block whatever a spread network gives lies where its inputs go, also from a patched forward.

    The current GPU is that of the head meanwhile: Triton launches on it, wherever the tensors lie.
    """
    if not is_spread(module):
        yield
        return
    import torch
    from accelerate.utils import send_to_device  # type: ignore[import-untyped]

    whole: Any = module
    place, head = input_device(module), whole.get_output_embeddings().weight.device
    hook = module.register_forward_hook(lambda _module, _args, out: send_to_device(out, place))
    try:
        with torch.cuda.device(head) if head.type == "cuda" else nullcontext():
            yield
    finally:
        hook.remove()


def devices(module: nn.Module) -> tuple[torch.device, ...]:
    """The devices that hold the network's weights, in its order."""
    return tuple(dict.fromkeys(value.device for value in module.parameters()))
