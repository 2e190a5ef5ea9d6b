"""The files of a corpus, from paths, folders, patterns and URLs."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from eudaimon.core.errors import UsageError
from eudaimon.curate.sources.fingerprint import fingerprint, fingerprint_of_all
from eudaimon.curate.sources.listing import Listed, ending, listing
from eudaimon.curate.sources.location import open_bytes
from eudaimon.curate.sources.source_file import SUFFIXES, Format, SourceFile
from eudaimon.curate.sources.stream import compression_of

log = logging.getLogger(__name__)

_HEAD = 1 << 12


def find_sources(
    paths: str | Path | Iterable[str | Path], format: Format | None = None
) -> tuple[SourceFile, ...]:
    """The files behind paths, each once, in the order of the paths and by name within a folder or pattern.

    A path is a file, a folder (with all below it), a pattern with ``*``, ``?``, ``[]`` or ``**``, or such a
    thing behind a URL that fsspec knows: ``s3://``, ``hf://datasets/owner/name`` ... A folder that
    ``datasets`` saved is read as its Arrow files. ``format`` overrules the names of the files. In folders,
    hidden files and those of no known kind are left out, and so are plain texts beside tables: the log says
    how many. All plain texts of a folder are one source. Raises `UsageError` when a path leads to nothing
    that can be read.
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
    listed = listing(path)
    if not listed:
        raise UsageError(f"{path}: there is no such file or folder", right="a path, folder, pattern or URL")
    kinds = {short: format or SUFFIXES.get(ending(short)) for _, short, _ in listed}
    tables = [file for file in listed if kinds[file[1]] not in (None, "text")]
    texts = [file for file in listed if kinds[file[1]] == "text"]
    if not (tables or texts):
        known = ", ".join(SUFFIXES)
        raise UsageError(
            f"{path}: none of {len(listed)} files there has a name that says what it holds",
            right=f"names that end in one of {known}, with or without .gz or .zst",
            do='find_sources(path, format="jsonl")',
        )
    left_out = len(listed) - len(tables or texts)
    if left_out:
        log.warning("%s: %d of %d files there are not read", path, left_out, len(listed))
    for url, short, size in tables:
        kind = kinds[short]
        assert kind is not None
        with open_bytes(url) as file:
            head = file.read(_HEAD)
            file.seek(0)
            compression = compression_of(short, head)
            mark = fingerprint(file, url, size, packed=bool(compression) or kind == "parquet")
        if kind == "jsonl" and head.lstrip()[:1] == b"[" and not format:
            raise UsageError(
                f"{url}: one JSON array, and no JSON Lines",
                right="one object a line",
                do=f"jq -c '.[]' {PurePosixPath(url).name} > {PurePosixPath(url).stem}.jsonl",
            )
        yield SourceFile(url, kind, size, mark, short, compression)
    if texts and not tables:
        yield _texts(path, texts, () if format else tuple(k for k, v in SUFFIXES.items() if v == "text"))


def _texts(path: str, texts: list[Listed], only: tuple[str, ...]) -> SourceFile:
    """All plain texts behind a path as one source: a million small files are no million shards."""
    url, short, size = texts[0]
    if len(texts) > 1:
        folder = url[: -len(short)].rstrip("/")
        url, short = _absolute(path), PurePosixPath(folder).name or "texts"
        size = sum(size for _, _, size in texts)
    return SourceFile(url, "text", size, fingerprint_of_all(texts), short, only=only)


def _absolute(path: str) -> str:
    return path if "://" in path else str(Path(path).absolute())


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
