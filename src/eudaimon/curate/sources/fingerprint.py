"""A hash of what a file contains, without reading all of a large one."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import IO

from eudaimon.core.identity import HASH_LENGTH, short_hash
from eudaimon.curate.sources.location import open_bytes, system_of

WHOLE = 1 << 23
"""Files up to this size are known by all of their bytes, larger ones by a sample: planning must not take as
long as reading."""

_SAMPLE, _SAMPLES = 1 << 16, 8
_VERSIONS = ("ETag", "etag", "sha256", "md5Hash", "crc32c", "generation", "blob_id", "LastModified",
             "last_modified", "mtime", "updated", "created")  # fmt: skip


def fingerprint(file: IO[bytes], url: str, size: int, *, packed: bool = False) -> str:
    """Hash of what a file contains: 16 hex digits.

    All bytes of a local file count, up to `WHOLE`. Of a larger one, and of one on another machine, its size
    and blocks spread over it do. A word changed for another between these blocks would not be seen in plain
    text, and so what the file system says of its version counts too. In a ``packed`` file (gzip, zstd,
    Parquet) such a change moves all that follows, and the file may be copied without becoming another.
    """
    digest = hashlib.sha256(str(size).encode())
    local = "://" not in url
    if local and size <= WHOLE:
        while block := file.read(1 << 20):
            digest.update(block)
        return digest.hexdigest()[:HASH_LENGTH]
    samples = _SAMPLES if local else 2
    for k in range(samples):
        file.seek(max(0, size - _SAMPLE) * k // (samples - 1))
        digest.update(file.read(_SAMPLE))
    if not packed:
        digest.update(_version(url).encode())
    return digest.hexdigest()[:HASH_LENGTH]


def fingerprint_of_all(files: list[tuple[str, str, int]]) -> str:
    """The same of many files together, given as URL, name and size; of many bytes only sizes and versions."""
    if sum(size for _, _, size in files) > WHOLE:
        return short_hash([(name, size, _version(url)) for url, name, size in files])
    marks = []
    for url, name, size in files:
        with open_bytes(url) as file:
            marks.append((name, fingerprint(file, url, size)))
    return short_hash(marks)


def _version(url: str) -> str:
    """What the file system says of when a file was changed, and how."""
    if "://" not in url:
        return str(Path(url).stat().st_mtime_ns)
    system, path = system_of(url)
    info = system.info(path)
    return repr([(name, str(info[name])) for name in _VERSIONS if info.get(name)])
