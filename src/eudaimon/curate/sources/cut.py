"""Files cut into pieces that can be read on their own, every record in exactly one of them."""

from __future__ import annotations

from collections.abc import Iterable

from eudaimon.core.errors import UsageError
from eudaimon.curate.sources.formats import reader_of
from eudaimon.curate.sources.shard import SHARD_BYTES, Shard
from eudaimon.curate.sources.source_file import SourceFile


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
