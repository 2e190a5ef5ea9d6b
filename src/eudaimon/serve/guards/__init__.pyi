from .opening import GuardCard as GuardCard
from .opening import Measured as Measured
from .opening import card_of as card_of
from .opening import guard_card as guard_card
from .opening import guard_file as guard_file
from .opening import guard_names as guard_names
from .opening import open_guard as open_guard

__all__ = ["GuardCard", "Measured", "card_of", "guard_card", "guard_file", "guard_names", "open_guard"]
