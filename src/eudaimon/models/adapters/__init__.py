"""Adapters on a model: stacks of LoRAs that provably act, are never merged, and leave no trace.

In: a checkpoint, PEFT folders, interventions (`Subject`). Out: a `Model` on which the stack acts
(`open_subject`), a `Ledger` that trains one adapter while the others are frozen and active, and proofs from
the logits. This room does not know what an adapter was trained for.
"""

from eudaimon.core.door import door

__getattr__, __dir__, __all__ = door(__name__, __file__)
