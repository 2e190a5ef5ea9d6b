"""Folders that are whole or absent: written beside their place, synced, and renamed."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TEMPORARY = "."
"""Temporary folders begin with a dot and lie beside the finished ones, on the same file system."""


@contextmanager
def atomic_folder(path: Path, *, resume: str = "") -> Iterator[Path]:
    """A new folder beside ``path`` that takes its place when the block ends well and vanishes otherwise.

    Everything in it reaches the disk before it is seen. Killed at any instant, ``path`` is the old folder,
    none, or the whole new one; what is left beside it is found by `sweep`. With ``resume``, a name for work
    that can go on, the block gets what a killed one left under the same name; only an error removes that.
    """
    temporary = _beside(path, resume)
    temporary.mkdir(parents=True, exist_ok=bool(resume))
    try:
        yield temporary
        sync(temporary)
        discard(path)
        temporary.rename(path)
        sync(path.parent, deep=False)
    except BaseException as error:
        if not resume or isinstance(error, Exception):
            shutil.rmtree(temporary, ignore_errors=True)
        raise


def discard(path: Path) -> None:
    """Take a folder away at once, where there is one; its files go after it."""
    if path.exists():
        aside = _beside(path)
        path.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)


def temporaries(parent: Path) -> dict[str, list[Path]]:
    """The temporary folders in ``parent`` by the name that they were meant for."""
    found: dict[str, list[Path]] = {}
    for path in sorted(parent.glob(f"{TEMPORARY}*")):
        found.setdefault(path.name.removeprefix(TEMPORARY).rpartition(".")[0], []).append(path)
    return found


def sweep(path: Path, *, resume: str = "") -> int:
    """How many temporary folders were removed that were meant for ``path``; nobody may be writing one.

    The one of work that can go on under the name ``resume`` stays.
    """
    found = temporaries(path.parent).get(path.name, [])
    ended = [each for each in found if not resume or each != _beside(path, resume)]
    for each in ended:
        shutil.rmtree(each, ignore_errors=True)
    return len(ended)


def sync(folder: Path, *, deep: bool = True) -> None:
    """Force a folder, and with ``deep`` all that is in it, to the disk."""
    for path in (*(folder.rglob("*") if deep else ()), folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _beside(path: Path, name: str = "") -> Path:
    return path.with_name(f"{TEMPORARY}{path.name}.{name or secrets.token_hex(8)}")
