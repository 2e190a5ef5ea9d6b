"""Where a LoRA can be trained: on the one device that holds the model, or on those that it is divided over.

transformers' Trainer leaves a model that accelerate has dispatched (``hf_device_map``) where it lies and
trains it in one process: activations and gradients go from device to device, each adapter is stepped where
its layer lies. Everything else it moves to the first GPU, and the `Model` would be wrong about its device.
"""

from __future__ import annotations

from eudaimon.core import UsageError
from eudaimon.models.model import Model
from eudaimon.models.ranks import world_size
from eudaimon.models.spread import is_spread


def require_trainable(model: Model) -> None:
    """Nothing where the model can be trained as it lies; raises `UsageError` that names what can, otherwise.

    Refused are weights that accelerate keeps on a disk or in the host's memory, a divided model in one of
    several launched processes, and a whole one on another GPU than the first.
    """
    name, device = model.checkpoint.name, model.device
    away = [key for key, value in model.module.named_parameters() if value.device.type == "meta"]
    if away:
        raise UsageError(
            f"{len(away)} weights of {name} lie on a disk or in the host's memory ({away[0]}), where no "
            "proof can read them",
            right="all on GPUs: more of them (--device auto), or a smaller model or dtype",
        )
    if is_spread(model.module):
        if world_size() > 1:
            raise UsageError(
                f"{name} is divided over several devices, and this is one of {world_size()} launched "
                "processes",
                right="one process for a divided model; several for one that each GPU holds whole (DDP, or "
                "FSDP 2, which then shares out what training adds)",
                do="leave out --accelerate-config, or --device auto",
            )
    elif world_size() == 1 and device.type == "cuda" and device.index:
        raise UsageError(
            f"{name} lies on {device}, and training runs on the first visible GPU",
            do=f"CUDA_VISIBLE_DEVICES={device.index} and --device cuda",
        )
