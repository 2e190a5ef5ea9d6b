from .asked import Answerer as Answerer
from .asked import Answering as Answering
from .asked import Asked as Asked
from .asked import Busy as Busy
from .asked import Decided as Decided
from .asked import Ended as Ended
from .asked import Piece as Piece
from .second import Second as Second

__all__ = ["Answerer", "Answering", "Asked", "Busy", "Decided", "Ended", "Piece", "Second"]
