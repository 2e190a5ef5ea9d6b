from .chat import Chat as Chat
from .chat import open_chat as open_chat
from .settings import Settings as Settings
from .steering import Steering as Steering
from .steering import read_steering as read_steering
from .turn import Turn as Turn
from .watch import Watch as Watch

__all__ = ["Chat", "Settings", "Steering", "Turn", "Watch", "open_chat", "read_steering"]
