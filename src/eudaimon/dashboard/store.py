"""What lies below a folder of runs, by kind: the only list of names that the browser may choose from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from eudaimon.core.errors import UsageError
from eudaimon.dashboard.kinds import Kind, kinds_of

MOST_FOLDERS = 100_000
"""Looked into at most, so that a folder that holds a whole disk is told and not waited for."""
CLOSED: tuple[Kind, ...] = ("model", "adapter")
"""Nothing is looked for inside of these: an adapter may hold hundreds of checkpoints of itself."""


@dataclass(frozen=True)
class Found:
    """One thing below the folder: its kind, its name (the path from there), and where it lies."""

    kind: Kind
    name: str
    path: Path


@dataclass(frozen=True)
class Store:
    """Everything that was found below ``root``; ``cut`` where not all folders were looked into."""

    root: Path
    found: tuple[Found, ...]
    cut: bool = False

    def of(self, *kinds: Kind) -> tuple[Found, ...]:
        """What is of these kinds, in the order of names."""
        return tuple(one for one in self.found if one.kind in kinds)

    def named(self, name: str | None, *kinds: Kind) -> Found | None:
        """The thing of that very name and kind, or None: a name is compared, and never opened as a path."""
        return next((one for one in self.of(*kinds) if one.name == name), None)

    def within(self, folder: Path, *kinds: Kind) -> tuple[Found, ...]:
        """What is of these kinds in a folder that was found."""
        return tuple(one for one in self.of(*kinds) if one.path.is_relative_to(folder))


def find(root: str | Path, *, most: int = MOST_FOLDERS) -> Store:
    """What is below a folder; links are not followed, and what cannot be read is passed over.

    Raises `UsageError` when there is no such folder.
    """
    root = Path(root).resolve()
    if not root.is_dir():
        raise UsageError(
            f"there is no folder {root}",
            right="a folder of runs",
            do="eudaimon quickstart, or --folder FOLDER",
        )
    found: list[Found] = []
    for looked, (folder, names) in enumerate(_folders(root)):
        if looked == most:
            return Store(root, tuple(sorted(found, key=_order)), True)
        found += [Found(kind, _name(root, path), path) for kind, path in kinds_of(folder, names)]
    return Store(root, tuple(sorted(found, key=_order)))


def _folders(root: Path) -> Iterator[tuple[Path, frozenset[str]]]:
    """Each folder with the names of its own files, from the root downwards."""
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        files = frozenset(one.name for one in entries if one.is_file(follow_symlinks=False))
        yield folder, files
        if not any(kind in CLOSED for kind, _ in kinds_of(folder, files, peek=False)):
            inner = [one.name for one in entries if one.is_dir(follow_symlinks=False)]
            waiting += [folder / name for name in sorted(inner, reverse=True) if not name.startswith(".")]


def _name(root: Path, path: Path) -> str:
    return PurePosixPath(path.relative_to(root)).as_posix()


def _order(one: Found) -> tuple[str, str]:
    return one.kind, one.name
