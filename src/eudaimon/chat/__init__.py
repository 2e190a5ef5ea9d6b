"""A conversation with one base model whose adapters, steering and monitor change while it goes on.

In: a checkpoint with a stack of adapters, files of directions and monitors, questions. Out: answers piece by
piece, each with what acted when it was made, the proof of every switch, and the monitor's verdicts. This room
does not know terminals, and computes nothing that another room computes.
"""

from eudaimon.core.door import door

__getattr__, __dir__, __all__ = door(__name__, __file__)
