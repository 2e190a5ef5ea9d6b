"""Standard output: tables that fit the terminal, or JSON; texts of others never reach the terminal raw."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

PLAIN_WIDTH = 120
"""Columns where standard output is no terminal and COLUMNS is not set."""


def print_json(value: Any) -> None:
    """One JSON value on one line of standard output, in ASCII, flushed; NaN and infinity become null."""
    text = json.dumps(finite(value), ensure_ascii=True, allow_nan=False)
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def finite(value: Any) -> Any:
    """The value in Python's own types, with None for every number that JSON does not have."""
    if hasattr(value, "item"):
        value = value.item()  # a number of numpy
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {key: finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [finite(each) for each in value]
    return value


def console() -> Console:
    """Standard output, with colours only on a terminal that wants them."""
    import os

    from rich.console import Console

    plain = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return Console(file=sys.stdout, highlight=False, width=PLAIN_WIDTH if plain else None)


def print_line(text: str, style: str = "") -> None:
    """One line of standard output, not wrapped."""
    from rich.text import Text

    console().print(Text(text, style=style), soft_wrap=True)


GAP = 3
"""Characters between two columns of a table."""
FOLDED = 16
"""Characters from which on a word is folded rather than given a table of its own."""


def print_table(
    header: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "", style: Sequence[str] = ()
) -> None:
    """A table on standard output; numbers stand right, long cells fold, ``style[i]`` is that of row i.

    Columns for which there is no room even with folded cells follow in further tables, each with the first
    column.
    """
    cells = [[_cell(value) for value in row] for row in rows]
    if title:
        # Not the table's own title, which would be wrapped to the table's width.
        print_line(title, "italic")
    for columns in _blocks(header, cells, console().width):
        _print_columns(header, cells, columns, style)


def _print_columns(
    header: Sequence[str], cells: Sequence[Sequence[str]], columns: Sequence[int], style: Sequence[str]
) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        numeric = bool(cells) and all(_is_number(row[column]) for row in cells)
        table.add_column(header[column], justify="right" if numeric else "left", overflow="fold")
    for number, row in enumerate(cells):
        own = style[number] if number < len(style) else ""
        table.add_row(*(Text(row[column], style=own) for column in columns))
    console().print(table)


def _blocks(header: Sequence[str], cells: Sequence[Sequence[str]], width: int) -> list[list[int]]:
    """The columns of each table: all in one where their longest words fit, else as many as fit unfolded."""
    every = list(range(len(header)))
    columns = [[header[column], *(row[column] for row in cells)] for column in every]
    room = width + GAP - 4  # edges of two characters
    if sum(max(map(_longest_word, own)) + GAP for own in columns) <= room or len(every) < 3:
        return [every]
    wide = [max(map(len, own[1:]), default=0) for own in columns]
    full = [max(a, _longest_word(own[0])) + GAP for a, own in zip(wide, columns, strict=True)]
    blocks = [[0]]
    for column in every[1:]:
        used = sum(full[each] for each in blocks[-1])
        if used + full[column] > room and len(blocks[-1]) > 1:
            blocks.append([0])
        blocks[-1].append(column)
    return blocks


def _longest_word(text: str) -> int:
    return min(max(map(len, text.split()), default=0), FOLDED)


def one_line(text: str, limit: int | None = None) -> str:
    """The text on one line, cut to ``limit``, with control characters and lone surrogates escaped."""
    if limit is not None and len(text) > limit:
        text = f"{text[: limit - 3]}..."
    safe = text.replace("\r\n", " ").replace("\n", " ").replace("\t", " ")
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in safe)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else one_line(str(value))


def _is_number(cell: str) -> bool:
    return cell == "-" or cell.lstrip("+-").replace(".", "", 1).replace(",", "").isdigit()
