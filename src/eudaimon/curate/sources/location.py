"""Where files are: paths of this machine, and URLs that fsspec knows."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any


def system_of(url: str) -> tuple[Any, str]:
    """The fsspec file system behind a path or URL, and the path in it."""
    import fsspec  # type: ignore[import-untyped]

    system, path = fsspec.core.url_to_fs(url)
    return system, path


def is_local(system: Any) -> bool:
    """Whether a file system is this machine's own."""
    protocol = system.protocol
    return "file" in (protocol if isinstance(protocol, tuple) else (protocol,))


def open_bytes(url: str) -> IO[bytes]:
    """The file behind a path or URL, open for reading; raises `OSError` when it is not there."""
    if "://" not in url:
        return Path(url).open("rb")
    system, path = system_of(url)
    file: IO[bytes] = system.open(path, "rb")
    return file
