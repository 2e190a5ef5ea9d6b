"""What can be wrong with a stack of adapters; each is an error and not a warning.

EudaimonError
├── AdapterError
│   ├── InactiveAdapter      an adapter of the stack changes nothing
│   ├── UnexpectedAdapter    an adapter outside of the stack acts
│   ├── UnfrozenAdapter      a weight that should stand still can move, or moved
│   ├── StackOrderChanged    order, weights or content of the stack are not those on record
│   ├── IdenticalAdapters    two that were trained differently have the same bits
│   └── MergedAdapter        adapter weights are inside the base's weights
└── UsageError
    └── BindingMismatch
        └── WrongBase        an adapter was made for another base
"""

from __future__ import annotations

from eudaimon.core import BindingMismatch, EudaimonError


class AdapterError(EudaimonError):
    """The adapters on a model are not in the state that the ledger has on record."""


class InactiveAdapter(AdapterError):
    """An adapter of the stack does not act: it is switched off somewhere, or the logits ignore it."""


class UnexpectedAdapter(AdapterError):
    """An adapter that is not in the stack acts on the model."""


class UnfrozenAdapter(AdapterError):
    """A weight other than the trained adapter's takes gradients, or has moved since it was recorded."""


class StackOrderChanged(AdapterError):
    """The stack in use has another order, other weights or other adapters than the stack on record."""


class MergedAdapter(AdapterError):
    """The base's weights are not the checkpoint's: an adapter was merged into them."""


class IdenticalAdapters(AdapterError):
    """Two adapters that were trained differently have the same weights: what should differ did not act."""


class WrongBase(BindingMismatch):
    """An adapter was trained on another base, or its shapes do not fit this one; says which."""
