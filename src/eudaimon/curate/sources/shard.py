"""Pieces of files that can be read on their own, and every record in exactly one of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from eudaimon.core.errors import UsageError
from eudaimon.core.identity import short_hash
from eudaimon.curate.sources.formats import reader_of
from eudaimon.curate.sources.source_file import SourceFile

SHARD_BYTES = 1 << 26


@dataclass(frozen=True, slots=True)
class Shard:
    """The records of a file that begin in ``[start, stop)``; ``stop`` is None where it goes on to the end.

    Places are bytes of the decompressed file, and in a table they count row groups or rows.
    """

    file: SourceFile
    index: int
    start: int
    stop: int | None

    @property
    def id(self) -> str:
        """A name for files: readable, other than all others of a corpus, the same for the same content."""
        readable = re.sub(r"[^A-Za-z0-9_-]+", "-", self.file.stem)[-60:].strip("-") or "file"
        exact = short_hash([self.file.name, self.file.fingerprint, self.file.format, self.start, self.stop])
        return f"{readable}.{self.index:05d}.{exact}"


def split(files: Iterable[SourceFile], shard_bytes: int = SHARD_BYTES) -> tuple[Shard, ...]:
    """Shards of about ``shard_bytes`` of decompressed text, in order, that tile the files.

    Plain JSON Lines are cut by bytes and Parquet by row groups. A compressed file is cut by the bytes that
    come out of it: whoever reads a piece decompresses what lies before it, and therefore the number of pieces
    is bounded. The size of what comes out is not known before and guessed from its beginning, so that the
    last piece of such a file can be longer than the others, or empty. The same files give the same shards.
    A damaged file raises nothing here: reading it reports it. Raises `UsageError` for less than one byte.
    """
    if shard_bytes < 1:
        raise UsageError(f"a shard cannot have {shard_bytes} bytes", right="a positive number")
    return tuple(
        Shard(file, index, start, stop)
        for file in files
        for index, (start, stop) in enumerate(reader_of(file.format).ranges(file, shard_bytes))
    )
