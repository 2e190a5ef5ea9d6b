"""Jobs: work that has a key, done by processes here or by Slurm's job arrays, whoever asks for it.

In: a folder, keys, and the name of a function that computes one of them. Out: which keys have ended, and how.
This room does not know what is computed. What was computed is told by the folder alone, so that a driver that
is killed loses nothing but what was under way; locks keep two from computing the same.
"""

from eudaimon.core.door import door

__getattr__, __dir__, __all__ = door(__name__, __file__)
