"""What judges have replied, on disk by content: JSON Lines in a folder, so that nothing is paid for twice."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Lock
from typing import Any

from eudaimon.core.errors import BadRows
from eudaimon.evaluate.judging.verdict import KEPT_CHARACTERS, Reply


class Replies:
    """The replies in a folder, or in memory alone where there is none, by `Request.key`.

    Each process appends whole lines to a file of its own, so that any number may write at once; the end of a
    line that a killed process was writing is passed over. Of a reply no more is kept than a verdict has: an
    answer that a judge quotes goes nowhere. Safe from several threads.
    """

    def __init__(self, folder: str | Path | None) -> None:
        self._folder = Path(folder) if folder else None
        self._lock = Lock()
        self._file: int | None = None
        self._known = dict(read_replies(folder)) if folder else {}

    def __contains__(self, key: str) -> bool:
        return key in self._known

    def output_tokens(self, keys: Iterable[str]) -> float | None:
        """The mean number of output tokens of the replies on record under keys; None where there is none."""
        counts = [self._known[key].output_tokens for key in keys if key in self._known]
        return sum(counts) / len(counts) if counts else None

    def get(self, key: str) -> Reply | None:
        """The reply on record under a key."""
        return self._known.get(key)

    def add(self, key: str, reply: Reply) -> Reply:
        """Keep a reply and give it back as kept; it is in the file when this returns."""
        kept = Reply(
            reply.text if len(reply.text) <= KEPT_CHARACTERS else f"{len(reply.text)} characters, not kept",
            reply.numbers,
            reply.model,
            reply.input_tokens,
            reply.output_tokens,
        )
        row = {"key": key, **vars(kept), "numbers": None if kept.numbers is None else [*kept.numbers.items()]}
        line = (json.dumps(row, sort_keys=True, ensure_ascii=True) + "\n").encode("ascii")
        with self._lock:
            self._known[key] = kept
            if self._folder is not None:
                if self._file is None:
                    self._folder.mkdir(parents=True, exist_ok=True)
                    path = self._folder / f"{os.getpid()}-{secrets.token_hex(6)}.jsonl"
                    self._file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND, 0o666)
                while line:  # a full disk takes a part
                    line = line[os.write(self._file, line) :]
        return kept

    def close(self) -> None:
        """Close the file; what is added later goes into a new one."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None


def read_replies(folder: str | Path) -> Iterator[tuple[str, Reply]]:
    """All replies of a folder with their keys, file by file in the order of names; of equal keys the first.

    Raises `BadRows`, with file and line, on a whole line that is no reply; a missing folder has none.
    """
    seen: set[str] = set()
    for path in sorted(Path(folder).glob("*.jsonl")):
        # What follows the last newline is nothing, or was cut off.
        for number, line in enumerate(path.read_bytes().split(b"\n")[:-1], start=1):
            try:
                key, reply = _reply(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                raise BadRows(
                    f"{path}, line {number} is no reply of a judge: {error}", right="a file that this wrote"
                ) from error
            if key not in seen:
                seen.add(key)
                yield key, reply


def _reply(row: dict[str, Any]) -> tuple[str, Reply]:
    key = row.pop("key")
    numbers = row.pop("numbers")
    shares = None if numbers is None else {int(n): float(share) for n, share in numbers}
    return str(key), Reply(numbers=shares, **row)
