"""What is known about work that failed, and the last lines of its log."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from eudaimon.core.files import read_json, write_json

TAIL = 12
"""Lines of a log that are shown."""


def record_failure(folder: Path, key: str, told: str) -> None:
    """Write down that the work of a key failed; a disk too full for that is not a second failure."""
    with suppress(OSError):
        write_json(_file(folder, key), {"key": key, "error": told})


def forget_failure(folder: Path, key: str) -> None:
    """Remove the record of a key that is tried again."""
    _file(folder, key).unlink(missing_ok=True)


def failure(folder: Path, key: str) -> str:
    """Why the key failed when it last ran, in one line; empty when it did not."""
    try:
        return str(read_json(_file(folder, key))["error"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def last_lines(log: Path, n: int = TAIL) -> list[str]:
    """The last lines of a log, none when there is none; reads its end only."""
    try:
        with log.open("rb") as stream:
            stream.seek(0, 2)
            stream.seek(max(0, stream.tell() - 200 * n))
            text = stream.read().decode("utf-8", "replace")
    except OSError:
        return []
    lines = [line.rsplit("\r", 1)[-1].rstrip() for line in text.splitlines()]
    return [line for line in lines if line][-n:]


def _file(folder: Path, key: str) -> Path:
    return folder / "failed" / f"{key}.json"
