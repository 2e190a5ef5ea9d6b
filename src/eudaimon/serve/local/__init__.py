"""A guarded model of this machine: one pass that answers and is watched, for many requests at once.

In: a checkpoint with its adapters, a monitor and its calibration, requests. Out: answers whose text passed
the monitor, and decisions on both sides. This package knows no HTTP.
"""

from eudaimon.core.door import door

__getattr__, __dir__, __all__ = door(__name__, __file__)
