from .launch import launch as launch
from .store import Found as Found
from .store import Store as Store
from .store import find as find

__all__ = ["Found", "Store", "find", "launch"]
