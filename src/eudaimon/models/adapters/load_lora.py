"""PEFT does the wrapping; this file keeps its side effects out: generator, gradients, missing tensors."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from eudaimon.core import UsageError
from eudaimon.models.adapters.adapter import WEIGHTS, Adapter, fingerprint, read_config, require_plain
from eudaimon.models.adapters.errors import StackOrderChanged, WrongBase
from eudaimon.models.adapters.origin import read_origin
from eudaimon.models.spread import devices

if TYPE_CHECKING:
    from peft import LoraConfig, PeftModel
    from torch import nn

    from eudaimon.models.model import Model


def add_fresh(
    model: Model, peft: PeftModel | None, name: str, config: LoraConfig, *, seed: int | None
) -> PeftModel:
    """The network with a fresh LoRA, initialised from a generator that starts at ``seed``.

    What was loaded before does not move the initialisation, and torch's own generator is not moved by it.
    Raises `UsageError` when the config is no plain LoRA and `WrongBase` when it names no layer of the model.
    """
    import torch
    from peft import PeftModel

    # PEFT fills the config in, and a config that is used twice must start the same way twice.
    config = copy.deepcopy(config)
    settings: Any = config
    require_plain(settings.to_dict(), f"the config of {name}")
    with torch.random.fork_rng(_cuda(model)), _quiet():
        if seed is not None:
            torch.manual_seed(seed)
        try:
            if peft is None:
                return PeftModel(model.module, config, adapter_name=name)
            peft.add_adapter(name, config)
        except ValueError as error:
            if "arget modules" not in str(error):
                raise
            raise WrongBase(
                f"adapter {name} does not fit {model.checkpoint.name}: {str(error).splitlines()[0][:200]}"
            ) from error
    return peft


def add_saved(
    model: Model, peft: PeftModel | None, adapter: Adapter, *, force: bool = False
) -> tuple[PeftModel, tuple[str, ...]]:
    """The network with the adapter of a folder, and which of its bindings was forced (``("base",)`` or none).

    Raises `StackOrderChanged` when the folder's content is not what the adapter was made from, `WrongBase`
    when it was trained on another checkpoint (unless forced) or its shapes do not fit this one.
    """
    import torch
    from peft import LoraConfig
    from peft.utils import set_peft_model_state_dict
    from safetensors.torch import load_file

    require_content(adapter)
    forced = require_base(model, adapter, force=force)
    known = LoraConfig.__dataclass_fields__
    config = LoraConfig(**{key: value for key, value in read_config(adapter.folder).items() if key in known})
    # Loaded adapters are frozen: they neither start anew nor drop anything out.
    config.init_lora_weights, config.lora_dropout, config.inference_mode = False, 0.0, True
    state = load_file(adapter.folder / WEIGHTS)
    wrapped = add_fresh(model, peft, adapter.name, config, seed=None)
    try:
        _require_shapes(adapter, state, state_dict(wrapped, adapter.name), model.checkpoint.name)
        with _quiet():
            set_peft_model_state_dict(wrapped, state, adapter_name=adapter.name)
        for name, value in state_dict(wrapped, adapter.name).items():
            if not torch.equal(value, state[name].to(value.device, value.dtype)):
                raise UsageError(f"tensor {name} of adapter {adapter.name} did not arrive in the model")
    except Exception:
        remove(wrapped, adapter.name)
        raise
    return wrapped, forced


def require_content(adapter: Adapter) -> None:
    """Nothing when the folder holds what the adapter was made from; raises `StackOrderChanged` otherwise."""
    found = fingerprint(adapter.folder)
    if found != adapter.fingerprint:
        raise StackOrderChanged(
            f"the folder of adapter {adapter.name} has changed: it holds {found}, not {adapter.fingerprint}",
            right=f"the adapter on record, in {adapter.folder}",
        )


def require_base(model: Model, adapter: Adapter, *, force: bool = False) -> tuple[str, ...]:
    """Which binding of the adapter had to be forced: none, or ``("base",)`` when it is another checkpoint's.

    Raises `WrongBase` in that case unless ``force``. An adapter whose base nobody knows fits all.
    """
    origin = read_origin(adapter.folder)
    if origin is None or origin.base in ("", model.checkpoint.fingerprint):
        return ()
    if not force:
        raise WrongBase(
            f"adapter {adapter.name} was trained on {origin.base_name or 'another base'} ({origin.base}) and "
            f"not on {model.checkpoint.name} ({model.checkpoint.fingerprint})",
            right="use it on its own base",
            do="force=True (the difference is then recorded)",
        )
    return ("base",)


def remove(peft: PeftModel, name: str) -> PeftModel | None:
    """Take one adapter out; the others stay as they are. With the last one the layers are unwrapped: None."""
    whole: Any = peft
    with _quiet():
        if len(peft.peft_config) == 1:
            whole.base_model.unload()
            return None
        peft.delete_adapter(name)
    return peft


def state_dict(peft: PeftModel, name: str) -> dict[str, Any]:
    """The tensors of one adapter under the names that PEFT gives them in a file."""
    from peft.utils import get_peft_model_state_dict

    # Without save_embedding_layers=False PEFT asks the hub about the base's vocabulary.
    state: dict[str, Any] = get_peft_model_state_dict(peft, adapter_name=name, save_embedding_layers=False)
    return state


def _require_shapes(adapter: Adapter, state: dict[str, Any], fits: dict[str, Any], base: str) -> None:
    for name in sorted({*state, *fits}):
        has = tuple(state[name].shape) if name in state else "nothing"
        needs = tuple(fits[name].shape) if name in fits else "nothing"
        if has != needs:
            raise WrongBase(
                f"adapter {adapter.name} was made for another base than {base}: it has {has} for {name}",
                right=f"this base takes {needs} there",
            )


def _cuda(model: Model) -> list[Any]:
    return [device for device in devices(model.module) if device.type == "cuda"]


@contextmanager
def _quiet() -> Iterator[None]:
    """PEFT calls transformers by deprecated names and warns about what is checked here by errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def base_parameters(module: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """The weights of the base under their own names, whether it is wrapped or not."""
    for name, value in module.named_parameters():
        if ".lora_" not in name:
            yield name.replace(".base_layer.", "."), value
