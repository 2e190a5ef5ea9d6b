"""The files in a folder or behind a pattern, in the order of their names."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TypeAlias

from eudaimon.core.errors import UsageError
from eudaimon.curate.sources.location import is_local, system_of

Listed: TypeAlias = tuple[str, str, int]
"""A file's path or URL, its path below the folder or below the fixed part of the pattern, and its size."""

DESCRIPTIONS = ("dataset_info.json", "dataset_dict.json", "state.json")
"""What a saved Hugging Face dataset says of itself beside its rows."""


def listing(path: str, only: tuple[str, ...] = ()) -> list[Listed]:
    """The files behind a path, folder, pattern or URL; hidden ones and descriptions when named themselves.

    ``only`` are the endings that count, before a ``.gz`` or ``.zst``; none: all do. Raises `UsageError` when
    the place cannot be reached.
    """
    try:
        system, inner = system_of(path)
        if system.isfile(inner):
            found = {inner: system.info(inner)}
            root = inner.rpartition("/")[0]
        elif system.isdir(inner):
            found, root = system.find(inner, detail=True), inner.rstrip("/")
        else:
            found, root = system.glob(inner, detail=True), _fixed(inner)
    except Exception as error:
        raise UsageError(
            f"{path}: cannot be looked into: {error}",
            right="a path, folder, pattern or URL that fsspec can read",
            do="pip install s3fs (for s3://), gcsfs (for gs://) ...",
        ) from error
    local = is_local(system)
    listed = []
    for name in sorted(found):
        short = name[len(root) :].lstrip("/")
        if found[name].get("type") == "directory" or (name != inner and _passed_over(short, only)):
            continue
        listed.append(
            (name if local else system.unstrip_protocol(name), short, int(found[name]["size"] or 0))
        )
    return listed


def ending(name: str) -> str:
    """The ending of a file's name in small letters, without that of a compression."""
    path = PurePosixPath(name.lower())
    return (path.with_suffix("") if path.suffix in (".gz", ".zst") else path).suffix


def _passed_over(short: str, only: tuple[str, ...]) -> bool:
    hidden = any(part.startswith((".", "_")) for part in short.split("/"))
    description = PurePosixPath(short).name in DESCRIPTIONS
    return hidden or description or bool(only and ending(short) not in only)


def _fixed(pattern: str) -> str:
    """The folder of a pattern before its first wild card."""
    parts = pattern.split("/")
    wild = next((k for k, part in enumerate(parts) if any(c in part for c in "*?[")), len(parts) - 1)
    return "/".join(parts[:wild])
