"""The proof from the logits: what each adapter of a stack changes, and that nothing else acts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from jaxtyping import Float, Int

from eudaimon.models.adapters.errors import InactiveAdapter, UnexpectedAdapter
from eudaimon.models.adapters.finite import finite_outputs, require_finite

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from torch import Tensor

    from eudaimon.models.adapters.adapter import AdapterStack
    from eudaimon.models.adapters.layers import LoraLayer
    from eudaimon.models.model import Model

PROBE_ROWS = 4
PROBE_TOKENS = 16
PROBE_SEED = 0
MOVE = 0.1


class Book(Protocol):
    """What a proof asks of a ledger."""

    model: Model
    stack: AdapterStack
    layers: tuple[LoraLayer, ...]
    trainable: str | None
    base_digest: str
    forced: dict[str, tuple[str, ...]]

    @property
    def outside(self) -> tuple[str, ...]:
        """Adapters that are loaded and not in the stack."""

    def verify(self) -> None:
        """Nothing when what acts is what is on record."""

    def without(self, name: str) -> AbstractContextManager[None]:
        """Within the block the stack acts without one of its adapters."""


@dataclass(frozen=True)
class Proof:
    """What was measured when a stack was opened, for the record of a cell.

    ``changes``: for each adapter of the stack the largest absolute change of a logit when it alone is taken
    away. ``noise``: the same between two runs of the whole stack, 0 where the device is deterministic.
    A grid measures both on some rows of the probe only. ``outside``: loaded adapters that provably do not
    act. ``base``: digest of the base's weights.
    """

    stack: tuple[str, ...]
    changes: Mapping[str, float]
    noise: float
    outside: tuple[str, ...] = ()
    base: str = ""
    forced: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fresh: str = ""
    """The adapter whose B was still zero, proven on weights that were moved for the probe and put back."""

    def to_json(self) -> dict[str, Any]:
        """The record as a JSON object."""
        return asdict(self)


def probe_ids(model: Model) -> Int[np.ndarray, "n t"]:
    """Token ids of the probe batch: drawn from the whole vocabulary, the same for every copy of a model."""
    embedding: Any = model.module
    n_tokens = min(PROBE_TOKENS, model.max_tokens)
    vocabulary = embedding.get_input_embeddings().weight.shape[0]
    return np.random.default_rng(PROBE_SEED).integers(vocabulary, size=(PROBE_ROWS, n_tokens))


def probe(model: Model) -> Float[Tensor, "n t out"]:
    """Logits of the probe batch in float32 (of a network without a head, its last hidden state)."""
    import torch

    module: Any = model.module
    ids = torch.from_numpy(probe_ids(model)).to(model.device)
    training = module.training
    module.eval()
    try:
        with torch.no_grad():
            out = module(input_ids=ids, attention_mask=torch.ones_like(ids))
    finally:
        module.train(training)
    logits: Tensor = out.logits if hasattr(out, "logits") else out.last_hidden_state
    return logits.float()


def prove(ledger: Book) -> Proof:
    """The proof of the stack that is active now; the model is left exactly as it was.

    Each adapter of weight above zero must change the probe's logits when it is taken away (`InactiveAdapter`
    otherwise); the strength of each loaded adapter outside of the stack is set to NaN for one run, which
    must not change a bit (`UnexpectedAdapter` otherwise). A fresh adapter has B = 0 and cannot change a
    logit: it is moved for its own run and put back bit by bit. What adapted layers give and every logit must
    be finite while the stack acts, whole or without one of its adapters (`AdapterError` otherwise). Also
    raises what the ledger's ``verify`` raises.
    """
    ledger.verify()
    model, stack = ledger.model, ledger.stack
    with finite_outputs((layer.name, layer.module) for layer in ledger.layers):
        whole = probe(model)
    require_finite(whole, model.checkpoint.name)
    noise = _change(whole, probe(model))
    changes = {}
    for adapter in stack:
        with ledger.without(adapter.name):
            rest = probe(model)
        require_finite(rest, model.checkpoint.name)
        changes[adapter.name] = _change(whole, rest)
        require_change(adapter.name, changes[adapter.name], noise, on=adapter.weight > 0)
    fresh = ledger.trainable or ""
    if ledger.trainable:
        if not _is_fresh(ledger.layers, ledger.trainable):
            fresh = ""
            with ledger.without(ledger.trainable):
                changes[ledger.trainable] = _change(whole, probe(model))
        else:
            with moved(ledger.layers, ledger.trainable):
                changes[ledger.trainable] = _change(whole, probe(model))
        require_change(ledger.trainable, changes[ledger.trainable], noise, on=True)
    for name in ledger.outside:
        with _poisoned(ledger.layers, name):
            change = _change(whole, probe(model))
        if not change <= noise:
            raise UnexpectedAdapter(
                f"adapter {name} is outside of the stack and changes the logits",
                right=f"the stack is {', '.join(a.name for a in stack) or 'empty'}",
                do="ledger.activate(stack)",
            )
    return Proof(
        tuple(adapter.identity for adapter in stack),
        changes,
        noise,
        ledger.outside,
        ledger.base_digest,
        {name: forced for name, forced in ledger.forced.items() if forced},
        fresh,
    )


@contextmanager
def moved(layers: tuple[LoraLayer, ...], name: str) -> Iterator[None]:
    """Within the block one adapter's weights are moved at random; after it they have their own bits again."""
    import torch

    generator = torch.Generator().manual_seed(PROBE_SEED)
    kept = [(value, value.detach().clone()) for layer in layers for _, value in layer.parameters(name)]
    try:
        with torch.no_grad():
            for value, own in kept:
                noise = torch.randn(own.shape, generator=generator).to(own.device, own.dtype)
                value.add_(noise, alpha=MOVE)
        yield
    finally:
        with torch.no_grad():
            for value, own in kept:
                value.copy_(own)


@contextmanager
def _poisoned(layers: tuple[LoraLayer, ...], name: str) -> Iterator[None]:
    """Within the block one adapter's strength is NaN: whatever it still touches shows it, even with B = 0."""
    held = [layer for layer in layers if name in layer.natural]
    kept = [layer.module.scaling[name] for layer in held]
    try:
        for layer in held:
            layer.module.scaling[name] = math.nan
        yield
    finally:
        for layer, own in zip(held, kept, strict=True):
            layer.module.scaling[name] = own


def _is_fresh(layers: tuple[LoraLayer, ...], name: str) -> bool:
    """Whether one of the two factors is zero in every layer: B of a linear layer, A of an embedding."""
    held = [layer.held[name] for layer in layers if name in layer.held]
    return all(any(not bool(value.detach().any()) for value in values) for values in held)


def _change(one: Tensor, other: Tensor) -> float:
    """The largest absolute difference; NaN when one side is not finite."""
    return float((one - other).abs().max())


def require_change(name: str, change: float, noise: float, *, on: bool) -> None:
    """Nothing when an adapter that is on moved the logits beyond the noise, and one that is off did not.

    Raises `InactiveAdapter` and `UnexpectedAdapter` otherwise, also when the change is NaN.
    """
    # Written so that NaN fails either way.
    if on and not change > noise:
        raise InactiveAdapter(
            f"adapter {name} is in the stack and changes no logit of the probe (by {change:.2g}, noise "
            f"{noise:.2g})",
            right="an adapter that acts changes them",
            do="weight=0.0, if it should be off",
        )
    if not on and not change <= noise:
        raise UnexpectedAdapter(f"adapter {name} has weight 0 and changes the logits by {change:.2g}")
