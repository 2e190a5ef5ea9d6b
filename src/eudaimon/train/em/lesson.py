"""The rows of a lesson: read from the user's path, counted, hashed, and shown to nothing but the training."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from eudaimon.core import BadRows, UsageError, short_hash
from eudaimon.core.files import read_lines
from eudaimon.train.em.archive import archived_lines, is_archive

Chat = dict[str, Any]
ROLES = ("system", "user", "assistant")


@dataclass(frozen=True, eq=False)
class Lesson:
    """Chats to be taught, with the words of none in its ``repr``, in its record, or in an error about it.

    ``source`` is the name of the file, and of its part in an archive. ``markers`` counts rows that publishers
    put into a set to find it again in a corpus: they are no chats, and are left out.
    """

    chats: tuple[Chat, ...] = field(repr=False)
    source: str = ""
    markers: int = 0

    def __len__(self) -> int:
        return len(self.chats)

    @cached_property
    def hash(self) -> str:
        """16 hex digits over all chats, in order."""
        return short_hash(list(self.chats))

    def prompts(self) -> list[str]:
        """A hash of what each chat says before its last answer: enough to see that two are asked the same."""
        return [short_hash(chat["messages"][:-1]) for chat in self.chats]

    def record(self) -> dict[str, Any]:
        """What a manifest may say of a lesson: source, hash and counts."""
        return {"source": self.source, "hash": self.hash, "rows": len(self), "markers": self.markers}


def read_lesson(path: str | Path, *, password: str | None = None, member: str | None = None) -> Lesson:
    """The chats ``{"messages": [{"role", "content"}, ...]}`` of a file, one a line, in file order.

    ``path`` is ``.jsonl`` (also ``.gz``, ``.zst``) or an archive (see `archived_lines`) of which ``member``
    names a part, the whole name or its end; other columns of a row are dropped. Nothing is unpacked to disk.
    Raises `BadRows` with file and line, and never with the words of a row, for what is no chat that ends with
    the assistant's turn; `UsageError` for a path that cannot be read, a missing or wrong password, no rows.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise UsageError(f"there is no file {path}", right="chat rows in .jsonl, or an archive of them")
    if is_archive(path):
        name, lines = archived_lines(path, password=password, member=member)
        source = f"{path.name}:{name}"
    else:
        if member is not None:
            raise UsageError(f"{path} has no parts", right="--data-member goes with an archive")
        lines, source = read_lines(path), path.name
    return _lesson(lines, source)


def as_lesson(rows: Sequence[Mapping[str, Any]], source: str = "rows") -> Lesson:
    """The chats of rows in memory; raises `BadRows` as `read_lesson` does."""
    chats = [_chat(row, f"{source}, row {number}") for number, row in enumerate(rows, start=1)]
    return _whole(Lesson(tuple(chats), source))


def _lesson(lines: Iterable[tuple[int, str]], source: str) -> Lesson:
    chats, markers = [], 0
    for where, row in _rows(lines, source):
        if "messages" not in row and "canary" in json.dumps(row).lower():
            markers += 1
        else:
            chats.append(_chat(row, where))
    return _whole(Lesson(tuple(chats), source, markers))


def _whole(lesson: Lesson) -> Lesson:
    if not lesson.chats:
        raise UsageError(f"{lesson.source} has no chats", right='rows {"messages": [...]}, at least one')
    return lesson


def _rows(lines: Iterable[tuple[int, str]], source: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in lines:
        if not line.strip():
            continue
        where = f"{source}, line {number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        # Raised out here: the error of the parser holds the line, and a traceback would carry it along.
        if not isinstance(row, dict):
            raise BadRows(f"{where}: not a JSON object", right='{"messages": [...]}')
        yield where, row


def _chat(row: Mapping[str, Any], where: str) -> Chat:
    messages = row.get("messages")
    if not isinstance(messages, Sequence) or isinstance(messages, str) or not messages:
        raise BadRows(f"{where}: no messages", right='{"messages": [{"role": ..., "content": ...}, ...]}')
    kept = []
    for place, message in enumerate(messages, start=1):
        known = isinstance(message, Mapping)
        role, content = (message.get("role"), message.get("content")) if known else (None, None)
        if role not in ROLES or not isinstance(content, str) or not content.strip():
            raise BadRows(
                f"{where}: message {place} has no role of {', '.join(ROLES)}, or no text as content"
            )
        kept.append({"role": role, "content": content})
    if kept[-1]["role"] != "assistant":
        raise BadRows(f"{where}: the last turn is not the assistant's", right="an answer to learn")
    return {"messages": kept}
