"""The documents of a shard."""

from __future__ import annotations

from collections.abc import Iterator

from eudaimon.core.document import Document
from eudaimon.curate.sources.formats import reader_of
from eudaimon.curate.sources.record import BadRecord, Fields, Reading
from eudaimon.curate.sources.shard import Shard

DEFAULT_FIELDS = Fields()
DEFAULT_READING = Reading()


def read_shard(
    shard: Shard, fields: Fields = DEFAULT_FIELDS, reading: Reading = DEFAULT_READING
) -> Iterator[Document | BadRecord]:
    """The documents of a shard in order, and in their place every record that none was made of.

    Text comes back code point for code point. Metadata hold the record's other fields, and ``source``. A
    document without an id is called after its file and its place there, whatever the shards are. Memory is
    bounded by the longest record. Raises `OSError` when the file cannot be opened or its disk fails; what is
    wrong inside the file is never raised.
    """
    return reader_of(shard.file.format).read(shard, fields, reading)
