"""Single modules of an adapter switched off or down, one pattern a copy, without touching a weight."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from jaxtyping import Float

from eudaimon.core import UsageError

if TYPE_CHECKING:
    from torch import Tensor

    from eudaimon.models.adapters.layers import LoraLayer
    from eudaimon.models.adapters.opening import SubjectModel
    from eudaimon.models.model import Model


@dataclass(frozen=True, eq=False)
class Gates:
    """What each module of an acting ``adapter`` is multiplied by, one number a copy of the rows.

    Modules are named as in the base (`gate_modules`); those that are not named act as they are. The ledger
    sees the same adapter throughout: what it proves is the whole of it. Raises `UsageError` for gates of
    different lengths, or none.
    """

    adapter: str
    modules: Mapping[str, Float[np.ndarray, "copies"]]

    def __post_init__(self) -> None:
        if len({len(gate) for gate in self.modules.values()}) != 1:
            raise UsageError("gates of different lengths, or none", right="one number a copy and module")

    @property
    def copies(self) -> int:
        """How many patterns there are."""
        return len(next(iter(self.modules.values())))

    @contextmanager
    def acting(self, model: Model, copy: Tensor, _place: Tensor) -> Iterator[None]:
        """Within the block row r has the gates of copy ``copy[r]``; no hook remains after it.

        Raises `UsageError` for a model without an adapter of that name, or a module that it does not have.
        """
        layers = _layers(model, self.adapter)
        unknown = sorted(set(self.modules) - set(layers))
        if unknown:
            raise UsageError(
                f"adapter {self.adapter} has no module {unknown[0]}", right=f"one of {', '.join(layers)}"
            )
        handles = [
            layers[name].module.lora_B[self.adapter].register_forward_hook(_gated(gate, copy))
            for name, gate in self.modules.items()
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()


def gate_modules(model: Model, adapter: str) -> tuple[str, ...]:
    """The modules of an acting adapter that can be gated, in the order of the network.

    Raises `UsageError` for a model without an acting adapter of that name.
    """
    return tuple(_layers(model, adapter))


def _layers(model: Model, adapter: str) -> dict[str, LoraLayer]:
    ledger = getattr(model, "ledger", None)
    if ledger is None or adapter not in {own.name for own in ledger.acting}:
        names = ", ".join(own.name for own in ledger.acting) if ledger else ""
        raise UsageError(f"no adapter {adapter} acts on this model", right=names or "open_subject(...)")
    book = cast("SubjectModel", model).book
    return {_plain(layer.name): layer for layer in book.layers if adapter in layer.module.lora_B}


def _plain(name: str) -> str:
    """A layer's name in the base, without what PEFT puts before it."""
    return name.removeprefix("base_model.model.")


def _gated(gate: Float[np.ndarray, "copies"], copy: Tensor) -> Any:
    import torch

    own = torch.from_numpy(np.asarray(gate, dtype=np.float32)).to(copy.device)[copy]

    def hook(_module: Any, _args: Any, output: Tensor) -> Tensor:
        # Some architectures hand a projection all tokens of the batch in one long row.
        rows = own.repeat_interleave(output.shape[0] // len(own))
        return output * rows.view(-1, *(1,) * (output.ndim - 1)).to(output.device, output.dtype)

    return hook
