"""The guard in front of another OpenAI-compatible server, whose activations nobody here can read.

In: the server's address, a guard with a small model of its own, requests. Out: answers of which no character
went before the window that holds it had passed. This package knows no HTTP of ours, and fits nothing.
"""

from eudaimon.core.door import door

__getattr__, __dir__, __all__ = door(__name__, __file__)
