from .rows import Label as Label
from .rows import Row as Row
from .rows import Rows as Rows
from .rows import read_rows as read_rows
from .rows import write_rows as write_rows
from .table import table as table

__all__ = [
    "Label",
    "Row",
    "Rows",
    "read_rows",
    "table",
    "write_rows",
]
