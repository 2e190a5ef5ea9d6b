"""The files of a corpus, from paths, folders, patterns and URLs."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from eudaimon.core.errors import UsageError
from eudaimon.curate.sources.location import is_local, system_of
from eudaimon.curate.sources.source_file import Format, SourceFile, fingerprint, format_of, require_format
from eudaimon.curate.sources.stream import compression_of

log = logging.getLogger(__name__)

_HEAD = 1 << 12


def find_sources(
    paths: str | Path | Iterable[str | Path], format: Format | None = None
) -> tuple[SourceFile, ...]:
    """The files behind paths, each once, in the order of the paths and by name within a folder or pattern.

    A path is a file, a folder (with all below it), a pattern with ``*``, ``?``, ``[]`` or ``**``, or such a
    thing behind a URL that fsspec knows. ``format`` overrules the names of the files. In folders, files of
    other kinds and hidden ones are left out, and the log says how many. Raises `UsageError` when a path leads
    to nothing, or to a file whose name does not say what it holds.
    """
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    found: dict[str, SourceFile] = {}
    for path in given:
        for file in _behind(str(path), format):
            found.setdefault(file.url, file)
    if not found:
        raise UsageError("there are no files to read", right="at least one path, folder, pattern or URL")
    return tuple(_with_own_names(list(found.values())))


def _behind(path: str, format: Format | None) -> Iterator[SourceFile]:
    system, inner = system_of(path)
    if system.isfile(inner):
        yield _source(system, inner, PurePosixPath(inner).name, format or require_format(inner))
        return
    if system.isdir(inner):
        root, names = inner.rstrip("/"), sorted(system.find(inner))
    else:
        root, names = _fixed(inner), sorted(name for name in system.glob(inner) if system.isfile(name))
    if not names:
        raise UsageError(f"{path}: there is no such file or folder", right="a path, folder, pattern or URL")
    relative = [name[len(root) :].lstrip("/") for name in names]
    kept = [
        (name, short, kind)
        for name, short in zip(names, relative, strict=True)
        if not any(part.startswith((".", "_")) for part in short.split("/"))
        and (kind := format or format_of(name))
    ]
    if not kept:
        raise UsageError(f"{path}: none of the {len(names)} files there is of a known kind",
                         right="names that end in .jsonl, .jsonl.gz, .jsonl.zst, .parquet ...",
                         do='find_sources(path, format="jsonl")')  # fmt: skip
    if len(kept) < len(names):
        log.warning(
            "%s: %d of %d files are hidden or of no known kind", path, len(names) - len(kept), len(names)
        )
    for name, short, kind in kept:
        yield _source(system, name, short, kind)


def _source(system: Any, path: str, name: str, format: Format) -> SourceFile:
    local = is_local(system)
    info = system.info(path)
    with open(path, "rb") if local else system.open(path, "rb") as file:  # noqa: PTH123
        head = file.read(_HEAD)
        file.seek(0)
        return SourceFile(
            url=path if local else system.unstrip_protocol(path),
            format=format,
            size=int(info["size"]),
            fingerprint=fingerprint(file, info, local),
            name=name,
            compression=compression_of(name, head),
        )


def _fixed(pattern: str) -> str:
    """The folder of a pattern before its first wild card."""
    parts = pattern.split("/")
    wild = next((k for k, part in enumerate(parts) if any(c in part for c in "*?[")), len(parts) - 1)
    return "/".join(parts[:wild])


def _with_own_names(files: list[SourceFile]) -> Iterator[SourceFile]:
    """The files with folders before the names that two of them have, so that a name means one of them."""
    while shared := {name for name, n in Counter(file.name for file in files).items() if n > 1}:
        longer = [_longer(file) if file.name in shared else file for file in files]
        if longer == files:
            break
        files = longer
    yield from files


def _longer(file: SourceFile) -> SourceFile:
    parts = PurePosixPath(file.url).parts
    return replace(file, name="/".join(parts[-len(PurePosixPath(file.name).parts) - 1 :]).lstrip("/"))
