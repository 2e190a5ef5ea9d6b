"""The documents behind a folder of scores, read again from the corpus."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.curate.run.folder import ScoreFolder
from eudaimon.curate.run.score_shard import documents_of
from eudaimon.curate.sources.cut import split
from eudaimon.curate.sources.find import find_sources


def scored_texts(scores: str | Path, corpus: Sequence[str | Path] | None = None) -> Iterator[Document]:
    """The documents that were scored into a folder, read with the same fields, in the same order.

    ``corpus`` are paths to the files where they lie now; where they were when they were scored if None.
    Raises `UsageError` when the folder has no plan, or a file is gone.
    """
    plan = ScoreFolder(scores).plan
    shards = plan.shards if corpus is None else split(find_sources(list(corpus)), plan.shard_bytes)
    for shard in shards:
        try:
            yield from documents_of(plan, shard)
        except OSError as error:
            raise UsageError(
                f"{shard.file.url} cannot be read: {error.strerror or error}",
                right="the corpus where it was when it was scored",
                do="--corpus PATH",
            ) from error
