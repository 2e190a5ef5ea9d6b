"""A guard over HTTP: a model that watches itself as it answers, or one that watches another server.

In: conversations over OpenAI's interface. Out: answers of which no character left before it was checked,
and on each side who decided, at what score and at what cost. This room fits no monitor.
"""

from eudaimon.core.door import door

__getattr__, __dir__, __all__ = door(__name__, __file__)
