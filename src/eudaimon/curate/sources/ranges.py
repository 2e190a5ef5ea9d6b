"""Where the shards of a file of bytes begin and end."""

from __future__ import annotations

from eudaimon.curate.sources.formats import Ranges
from eudaimon.curate.sources.source_file import SourceFile
from eudaimon.curate.sources.stream import Stream
from eudaimon.curate.sources.unpack import Damaged

PIECES = 32
"""Into at most this many a file is cut that can only be read from its beginning. Each reader decompresses
what lies before its piece: on average half of the file, at a hundred times the speed of scoring."""

_SAMPLE = 1 << 22
_MOST_PACKED = 40
"""A file that would not fill a shard if it were compressed this well is not looked into."""


def byte_ranges(file: SourceFile, shard_bytes: int, *, pieces: int | None = None) -> Ranges:
    """Ranges of about ``shard_bytes`` that tile a file's decompressed bytes, the last one without an end.

    ``pieces`` is the most of them, where a plain file too can only be read from its beginning.
    """
    if not file.compression:
        size = file.size
    elif file.size * _MOST_PACKED <= shard_bytes:
        size = 0
    else:
        size = int(file.size * _growth(file))
    if most := pieces or (PIECES if file.compression else 0):
        shard_bytes = max(shard_bytes, -(-size // most))
    starts = list(range(0, max(size, 1), shard_bytes))
    return list(zip(starts, [*starts[1:], None], strict=True))


def _growth(file: SourceFile) -> float:
    """How many bytes come out of one, at the beginning of the file."""
    with Stream(file.url, file.compression) as stream:
        try:
            while stream.position < _SAMPLE and stream.block():
                pass
        except Damaged:
            pass
        return stream.position / max(1, stream.packed_position())
