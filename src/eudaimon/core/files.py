"""Files that are whole or absent: atomic writes, JSON, JSON Lines with any compression, hashes."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from eudaimon.core.compressed import DamagedFile, byte_lines, text_writer
from eudaimon.core.errors import BadRows, UsageError

CHUNK = 1 << 20
UNFINISHED = re.compile(r"\.[0-9a-f]{16}\Z")
"""How the name of a file ends that `atomic_path` has not finished."""


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that replaces it when the block ends well and vanishes otherwise.

    Killed at any instant, the old file is whole or the new one is. A link keeps pointing where it points and
    the file there is replaced. Raises `UsageError` when ``path`` is a folder, a device or a pipe: renaming
    over ``/dev/null`` would leave a file in its place.
    """
    path = Path(path).resolve()
    if path.exists() and not path.is_file():
        kind = "a folder" if path.is_dir() else "not an ordinary file"
        raise UsageError(f"{path} is {kind}", right="the path of a file, new or to be replaced")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name[:40]}.{secrets.token_hex(8)}")
    # Not tempfile: it makes private files, and an artifact is as readable as the umask allows.
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def sweep_files(folder: str | Path) -> int:
    """How many files were removed that killed writers left half written; nobody may be writing in it."""
    left = [path for path in Path(folder).glob(".*") if UNFINISHED.search(path.name) and path.is_file()]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


def write_text(path: str | Path, text: str) -> Path:
    """Write ``text`` as UTF-8, atomically, and return the path; a lone surrogate becomes ``\\udc80``."""
    path = Path(path)
    with atomic_path(path) as temporary, text_writer(temporary, "") as stream:
        stream.write(text)
    return path


def write_json(path: str | Path, value: Any) -> Path:
    """Write ``value`` as indented JSON with sorted keys, atomically, and return the path.

    Raises `ValueError` on NaN and infinity, which JSON does not have.
    """
    return write_text(path, as_json_text(value))


def as_json_text(value: Any) -> str:
    """What `write_json` writes: for a file in a folder that is whole or absent itself."""
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def read_json(path: str | Path) -> Any:
    """The JSON value in a file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write_jsonl(path: str | Path, rows: Iterable[Any]) -> Path:
    """Write one JSON value a line, atomically; compressed when the name ends in ``.gz`` or ``.zst``.

    Raises `ValueError` on NaN and infinity, which JSON does not have; the old file then stays.
    """
    path = Path(path)
    with atomic_path(path) as temporary, text_writer(temporary, path.suffix) as stream:
        for row in rows:
            stream.write(json.dumps(row, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")
    return path


def read_lines(path: str | Path) -> Iterator[tuple[int, str]]:
    """Line number (from 1) and text of each line, decompressed when the name ends in ``.gz`` or ``.zst``.

    A byte-order mark at the start is dropped. Raises `BadRows` with file and line when the file is cut off,
    is not compressed as its name says, or is not UTF-8 there.
    """
    path, number = Path(path), 0
    try:
        for number, line in enumerate(byte_lines(path), start=1):
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
            yield number, text.rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise BadRows(
            f"{path}, line {number}: not UTF-8 ({error.reason} at byte {error.start})",
            right="text in UTF-8",
            do=f"iconv -f latin1 -t utf-8 {path.name}",
        ) from error
    except DamagedFile as error:
        raise BadRows(f"{path}, after line {number}: {error}", right="a whole file") from error


def sha256_file(path: str | Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
