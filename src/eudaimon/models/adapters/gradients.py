"""That training starts at all: gradients reach the trained adapter and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eudaimon.models.adapters.errors import InactiveAdapter, UnfrozenAdapter
from eudaimon.models.adapters.proof import probe_ids

if TYPE_CHECKING:
    from eudaimon.models.adapters.layers import LoraLayer
    from eudaimon.models.model import Model


def require_gradients(model: Model, layers: tuple[LoraLayer, ...], name: str) -> None:
    """Nothing when a backward pass of the probe reaches adapter ``name`` and nothing else.

    A fresh LoRA has B = 0: its A gets a gradient of zero and its B one that is not. Raises `InactiveAdapter`
    where no gradient arrives and `UnfrozenAdapter` where one arrives that should not. Gradients that were
    there before are there afterwards.
    """
    import torch

    module: Any = model.module
    kept = [(value, value.grad) for value in module.parameters()]
    training = module.training
    module.eval()
    own = [value for layer in layers for _, value in layer.parameters(name)]
    mine = {id(value) for value in own}
    try:
        for value, _ in kept:
            value.grad = None
        ids = torch.from_numpy(probe_ids(model)).to(model.device)
        with torch.enable_grad():
            out = module(input_ids=ids, attention_mask=torch.ones_like(ids))
            logits = out.logits if hasattr(out, "logits") else out.last_hidden_state
            logits.float().square().mean().backward()
        for value, _ in kept:
            if value.grad is not None and id(value) not in mine:
                raise UnfrozenAdapter("a gradient reaches weights besides the trained adapter's")
        if not any(value.grad is not None and bool(value.grad.any()) for value in own):
            raise InactiveAdapter(f"no gradient reaches adapter {name}")
    finally:
        module.train(training)
        for value, grad in kept:
            value.grad = grad
