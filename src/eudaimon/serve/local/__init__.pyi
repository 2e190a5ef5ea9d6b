from .answerer import LocalAnswerer as LocalAnswerer
from .calibrating import calibrate as calibrate
from .engine import Limits as Limits
from .guard import Drift as Drift
from .guard import Guard as Guard
from .moderating import Moderator as Moderator
from .opening import guard_of as guard_of
from .opening import open_local as open_local
from .steering import Steer as Steer
from .workshop import Opened as Opened
from .workshop import Workshop as Workshop

__all__ = [
    "Drift",
    "Guard",
    "Limits",
    "LocalAnswerer",
    "Moderator",
    "Opened",
    "Steer",
    "Workshop",
    "calibrate",
    "guard_of",
    "open_local",
]
