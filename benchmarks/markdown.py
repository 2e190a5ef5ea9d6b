"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def row(cells: Iterable[str]) -> str:
    """One row of a table."""
    return f"| {' | '.join(cells)} |"


def table(head: str, rows: Iterable[str]) -> Iterator[str]:
    """The head, the rule below it, and the rows."""
    yield head
    yield "|---" * (head.count(" | ") + 1) + "|"
    yield from rows
