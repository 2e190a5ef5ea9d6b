"""Corpora by the personas that speak in them: who speaks where.

In: documents. Out: the same documents with a `Segment` for every voice. This room does not know how a model
is trained on what is kept, nor how it will be tested.
"""

from eudaimon.core.door import door

__getattr__, __dir__, __all__ = door(__name__, __file__)
