"""What an attacker brings along: files of chats, passages and templates, read when they are needed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from eudaimon.core.errors import BadRows
from eudaimon.core.text import Conversation, as_conversation
from eudaimon.data.rows import Problem, raw_rows
from eudaimon.evaluate.attack.ground import NotGiven

REQUEST = "{request}"
T = TypeVar("T")
TEMPLATE_COLUMNS = ("template", "prompt", "text")


def require(path: Path | None, what: str, option: str) -> Path:
    """The path; raises `NotGiven`, which says what to give, for None."""
    if path is None:
        raise NotGiven(f"there are no {what}: none come with the package", right="a file of yours", do=option)
    return path


@cache
def chats(path: Path) -> tuple[Conversation, ...]:
    """The conversations of a file of rows ``{"messages": [...]}``, each of which ends with an answer.

    Raises `BadRows` with file and line on anything else.
    """
    found = []
    for line, values in _rows(path):
        turns = values.get("messages")
        if not isinstance(turns, list) or [turn.get("role") for turn in turns[-2:]] != ["user", "assistant"]:
            raise BadRows(
                f"{path}, line {line}: no chat", right="messages that end with a user and an answer"
            )
        found.append(as_conversation(turns))
    return _some(found, path)


@cache
def passages(path: Path) -> tuple[str, ...]:
    """The texts of a file of rows ``{"text": ...}``; raises `BadRows` with file and line on anything else."""
    found = []
    for line, values in _rows(path):
        if not isinstance(values.get("text"), str) or not values["text"].strip():
            raise BadRows(f"{path}, line {line}: no text", right='{"text": ...} a line')
        found.append(values["text"].strip())
    return _some(found, path)


@cache
def templates(path: Path) -> tuple[str, ...]:
    """The templates of a file with a column ``template``, ``prompt`` or ``text``, each around `REQUEST`.

    A template without a place for the request has it at its end, as published sets leave it. Raises `BadRows`
    with file and line on anything else.
    """
    found = []
    for line, values in _rows(path):
        text = next((values[name] for name in TEMPLATE_COLUMNS if values.get(name)), None)
        if not isinstance(text, str):
            raise BadRows(
                f"{path}, line {line}: no template", right=f"a column {', '.join(TEMPLATE_COLUMNS)}"
            )
        found.append(text if REQUEST in text else f"{text.rstrip()}\n\n{REQUEST}")
    return _some(found, path)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for row in raw_rows(path):
        if isinstance(row, Problem):
            raise BadRows(f"{path}, line {row.line}: {row.reason}", right="rows that can be read")
        yield row.line, row.values


def _some(found: list[T], path: Path) -> tuple[T, ...]:
    if not found:
        raise BadRows(f"{path} holds nothing", right="at least one row")
    return tuple(found)
