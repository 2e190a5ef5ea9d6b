"""Curate: which voices speak in a corpus, what they are like, and what a policy makes of it.

In: documents, the scores of their segments, policies as data files. Out: the voices in a document,
decisions, kept text with masks, tags and weights, and everything that was removed, with the reason, so that
the original can be restored. This room does not know what a language model, a token or a training run is:
training takes its spans.
"""

from eudaimon.core.door import door

__getattr__, __dir__, __all__ = door(__name__, __file__)
