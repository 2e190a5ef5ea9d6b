"""A LoRA in memory without a network around it: two factors for each module, checked against the base."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eudaimon.core import UsageError
from eudaimon.models.adapters.adapter import Adapter, read_config
from eudaimon.models.adapters.errors import WrongBase
from eudaimon.models.adapters.load_lora import require_base, require_content
from eudaimon.models.adapters.updates import Factors, factors, scaling

if TYPE_CHECKING:
    from torch import Tensor, nn

    from eudaimon.models.model import Model


@dataclass(frozen=True, eq=False)
class Update:
    """What an adapter of weight 1 adds to one module: the input times ``a`` transposed, times ``b``."""

    a: Tensor
    """``[r, in]``, float32 on the CPU; for an embedding ``in`` is the number of tokens."""
    b: Tensor
    """``[r, out]``, with the LoRA's scaling, and an embedding's own."""

    @property
    def rank(self) -> int:
        """The number of directions."""
        return int(self.a.shape[0])

    @property
    def n_bytes(self) -> int:
        """What both factors take."""
        return 4 * (self.a.numel() + self.b.numel())


@dataclass(frozen=True, eq=False)
class LoadedAdapter:
    """The updates of an adapter by the name of the module, and which of its bindings was forced."""

    updates: Mapping[str, Update]
    forced: tuple[str, ...] = ()

    @property
    def n_bytes(self) -> int:
        """What all factors take."""
        return sum(update.n_bytes for update in self.updates.values())


def load_updates(model: Model, adapter: Adapter, *, force: bool = False) -> LoadedAdapter:
    """The factors of an adapter that fits the model's base; the network is not touched.

    Raises `StackOrderChanged` when the folder's content is not what the adapter was made from, `WrongBase`
    when it was trained on another checkpoint (unless forced) or does not fit this one, and `UsageError` for
    modules that are neither linear nor embeddings.
    """
    require_content(adapter)
    forced = require_base(model, adapter, force=force)
    config = read_config(adapter.folder)
    if config.get("ensure_weight_tying"):
        raise UsageError(
            f"adapter {adapter.name} acts on tied modules together", right="one that acts on each by itself"
        )
    modules = dict(model.module.named_modules())
    updates = {}
    for own in factors(adapter.folder):
        if own.module not in modules:
            raise WrongBase(
                f"adapter {adapter.name} acts on {own.module}, which {model.checkpoint.name} lacks"
            )
        updates[own.module] = _update(adapter, own, modules[own.module], scaling(config, own))
    if not updates:
        raise UsageError(f"adapter {adapter.name} has no factors", right="at least one module")
    return LoadedAdapter(updates, forced)


def _update(adapter: Adapter, own: Factors, module: nn.Module, scale: float) -> Update:
    shape = _sides(module)
    if shape is None:
        raise UsageError(
            f"adapter {adapter.name} acts on {own.module}, a {type(module).__name__}",
            right="linear layers and embeddings",
        )
    has = (own.a.shape[1], own.b.shape[0])
    if has != shape or own.a.shape[0] != own.b.shape[1]:
        raise WrongBase(
            f"adapter {adapter.name} was made for another base: it has {has} for {own.module}",
            right=f"this base takes {shape} there",
        )
    # Gemma's embedding multiplies what it looks up, and PEFT does so with the adapter's part.
    scale *= float(getattr(module, "embed_scale", 1.0))
    return Update(own.a.float().contiguous(), (own.b.float() * scale).mT.contiguous())


def _sides(module: nn.Module) -> tuple[int, int] | None:
    """Width of the input (tokens, for an embedding) and of the output; None for any other module."""
    from torch import nn
    from transformers.pytorch_utils import Conv1D

    weight: Any = getattr(module, "weight", None)
    if isinstance(module, nn.Linear):
        return int(weight.shape[1]), int(weight.shape[0])
    if isinstance(module, nn.Embedding | Conv1D):
        return int(weight.shape[0]), int(weight.shape[1])
    return None
