"""A piece of a file that can be read on its own."""

from __future__ import annotations

import re
from dataclasses import dataclass

from eudaimon.core.identity import short_hash
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
