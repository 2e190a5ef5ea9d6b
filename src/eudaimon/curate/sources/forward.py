"""A stream for each shard of a file in turn, without decompressing its beginning again for every one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from eudaimon.curate.sources.shard import Shard
from eudaimon.curate.sources.source_file import SourceFile
from eudaimon.curate.sources.stream import Stream

_idle: list[tuple[int, SourceFile, int, Stream]] = []
"""At most one: the process, the file, the end of the shard that was read last, and the stream behind it."""


@contextmanager
def stream_before(shard: Shard) -> Iterator[Stream]:
    """A stream that stands where a line begins and no line of the shard has been passed.

    The stream of a compressed file is kept when the block ends well, for a later shard of the same file: a
    worker that takes every second shard then decompresses the file once, and not once for each of them.
    """
    stream = _taken(shard) or Stream(shard.file.url, shard.file.compression)
    try:
        yield stream
    except BaseException:
        stream.close()
        raise
    if shard.stop is None or not shard.file.compression or stream.damaged:
        stream.close()
        return
    _drop()
    _idle.append((os.getpid(), shard.file, shard.stop, stream))


def _taken(shard: Shard) -> Stream | None:
    """The idle stream, if it can be used; a forked process has its parent's, and must not move it."""
    if _idle and _idle[0][:2] == (os.getpid(), shard.file) and _idle[0][2] <= shard.start:
        return _idle.pop()[3]
    return None


def _drop() -> None:
    while _idle:
        process, _, _, stream = _idle.pop()
        if process == os.getpid():
            stream.close()
