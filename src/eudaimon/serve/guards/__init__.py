"""Guards that come with the package, each with a card that says what it is and what it does not see.

In: a name. Out: its file, its card, or the monitor on its own model. They are written by scripts of the
repository; nothing is fitted here.
"""

from eudaimon.core.door import door

__getattr__, __dir__, __all__ = door(__name__, __file__)
