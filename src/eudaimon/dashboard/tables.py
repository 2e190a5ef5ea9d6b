"""Questions to files of rows, answered by DuckDB where the files lie: a page only gets what it shows."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from eudaimon.core.errors import BadRows

if TYPE_CHECKING:
    import duckdb

Row: TypeAlias = dict[str, Any]
SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    # Nothing is fetched from anywhere, whatever a query or a file asks for.
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "memory_limit": "2GB",
    "threads": 2,
}


def ask(query: str, files: Mapping[str, str], values: Sequence[Any] = ()) -> list[Row]:
    """The rows that a query gives; ``{name}`` in it stands for what `parquet` or `json_lines` returned.

    Values for its question marks come from ``values``: no word of a user or of a data set is part of a query.
    Raises `BadRows` where a file is missing, damaged, or not of these columns.
    """
    import duckdb

    with connection() as found:
        try:
            result = found.execute(query.format(**files), list(values))
            columns = [one[0] for one in result.description or ()]
            return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]
        except (duckdb.IOException, duckdb.InvalidInputException, duckdb.BinderException) as error:
            first = str(error).splitlines()[0]
            raise BadRows(
                f"these files cannot be read: {first}", right="whole files, as they were written"
            ) from error


def parquet(paths: Sequence[Path]) -> str:
    """The table of all rows of Parquet files, as SQL; raises `BadRows` when there is no file.

    Beside their columns there are ``filename`` and ``file_row_number``.
    """
    return f"read_parquet({_listed(paths)}, union_by_name = true, filename = true, file_row_number = true)"


def json_lines(paths: Sequence[Path], columns: Mapping[str, str]) -> str:
    """The table of all rows of JSON Lines, compressed or not, as SQL, with these columns and their types.

    A line that DuckDB cannot read (one with half of a surrogate pair, say) is a row of nothing but nulls.
    Raises `BadRows` when there is no file.
    """
    kinds = ", ".join(f"{_quoted(name)}: {_quoted(kind)}" for name, kind in columns.items())
    how = "format = 'newline_delimited', ignore_errors = true"
    return f"read_json({_listed(paths)}, {how}, columns = {{{kinds}}})"


@contextmanager
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of its own to a database in memory, that fetches nothing."""
    import duckdb

    found = duckdb.connect(":memory:", config=SETTINGS)
    try:
        yield found
    finally:
        found.close()


def _listed(paths: Sequence[Path]) -> str:
    if not paths:
        raise BadRows("there is no file of rows", right="a folder in which something was written")
    # A star or a bracket in the name of a file would stand for other files.
    return f"[{', '.join(_quoted(glob.escape(str(path))) for path in paths)}]"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
