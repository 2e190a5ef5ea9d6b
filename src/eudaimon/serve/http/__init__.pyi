from .app import make_app as make_app
from .audit import Audit as Audit
from .running import serve as serve
from .settings import Limits as Limits
from .settings import Settings as Settings

__all__ = ["Audit", "Limits", "Settings", "make_app", "serve"]
