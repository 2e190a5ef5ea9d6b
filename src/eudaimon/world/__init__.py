"""Agora, a synthetic town of speaking personas in which the truth is known.

In: a seed, a size and a mixture. Out: documents with oracle labels, a tokenizer, questions whose answers are
known, and a judge that reads a model's next-token probabilities. This room runs no model.
"""

from eudaimon.core.door import door

__getattr__, __dir__, __all__ = door(__name__, __file__)
