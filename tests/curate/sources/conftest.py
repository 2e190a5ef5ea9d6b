"""All that is in some files, and what is wrong in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from eudaimon.core.document import Document
from eudaimon.curate.sources.cut import split
from eudaimon.curate.sources.find import find_sources
from eudaimon.curate.sources.read import read_shard
from eudaimon.curate.sources.record import BadRecord, Fields, Reading

ReadAll = Callable[..., tuple[list[Document], list[BadRecord]]]


@pytest.fixture
def read_all() -> ReadAll:
    """Documents and bad records of a path, the same for one shard and for many."""

    def read(path: Path | str, fields: Fields | None = None, shard_bytes: int = 7, **reading):
        results = [
            [
                record
                for shard in split(find_sources(path), size)
                for record in read_shard(shard, fields or Fields(), Reading(**reading))
            ]
            for size in (1 << 40, shard_bytes)
        ]
        assert results[0] == results[1]
        good = [record for record in results[0] if isinstance(record, Document)]
        return good, [record for record in results[0] if isinstance(record, BadRecord)]

    return read
