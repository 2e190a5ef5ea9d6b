"""datatrove: our scorers and policies as steps of its pipelines, in any of its executors.

In: datatrove's documents. Out: the same documents with scores, masks, tags and weights, and what was removed,
with the reason, in a writer of its own. This room does not know how a pipeline is run: datatrove does that.
"""

from eudaimon.core.door import door

__getattr__, __dir__, __all__ = door(__name__, __file__)
