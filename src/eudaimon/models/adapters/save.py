"""One adapter of many written alone, as an ordinary PEFT folder whose bytes depend on its content only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eudaimon.core.files import atomic_path, write_json
from eudaimon.models.adapters.adapter import CONFIG, WEIGHTS
from eudaimon.models.adapters.digest import whole
from eudaimon.models.adapters.load_lora import state_dict
from eudaimon.models.adapters.origin import Origin
from eudaimon.models.ranks import rank

if TYPE_CHECKING:
    from peft import PeftModel
    from torch import Tensor


def save_adapter(peft: PeftModel, name: str, folder: Path, origin: Origin) -> None:
    """Write the adapter ``name`` of a network into ``folder``: weights, config, and last its origin.

    Of several processes all bring the parts of the weights that they hold, and the first writes.
    """
    tensors = {key: whole(tensor) for key, tensor in state_dict(peft, name).items()}
    if rank() != 0:
        return
    config = peft.peft_config[name].to_dict() | {
        "base_model_name_or_path": origin.base_name or None,
        "inference_mode": True,
    }
    write_adapter(folder, config, tensors, origin)


def write_adapter(
    folder: Path, config: Mapping[str, Any], tensors: Mapping[str, Tensor], origin: Origin | None
) -> None:
    """Write a PEFT folder from its parts, each file atomically."""
    from safetensors.torch import save_file

    own = {name: tensors[name].detach().cpu().contiguous().clone() for name in sorted(tensors)}
    with atomic_path(folder / WEIGHTS) as temporary:
        save_file(own, temporary, metadata={"format": "pt"})
    write_json(folder / CONFIG, {key: _plain(value) for key, value in config.items()})
    if origin is not None:
        origin.write(folder)


def _plain(value: Any) -> Any:
    """A set as a sorted list: PEFT writes it in the accidental order of its hashes."""
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, dict):
        return {key: _plain(own) for key, own in value.items()}
    return getattr(value, "value", value)
