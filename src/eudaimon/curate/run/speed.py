"""How far a run of shards is, in megabytes of text, and how many documents a second it does."""

from __future__ import annotations

import time
from collections.abc import Iterable

from eudaimon.curate.run.folder import ScoreFolder
from eudaimon.curate.sources.shard import Shard

MB = 1e6
PACKED = 3.0
"""How many bytes of text a compressed one is taken to hold, until its shards are read."""


class Speed:
    """Counts what shards have done, as far as their workers have said it."""

    def __init__(self, folder: ScoreFolder, shards: Iterable[Shard]) -> None:
        self.folder = folder
        self._sizes = {shard.id: _size(shard) for shard in shards}
        self._began = time.monotonic()
        self._done: dict[str, tuple[int, float]] = {}
        self._shown = 0

    @property
    def total(self) -> int:
        """Megabytes to do, by the sizes of the shards."""
        return max(1, round(sum(self._sizes.values()) / MB))

    def finished(self, key: str) -> None:
        """Count a shard that is done: all of its size."""
        record = self.folder.record(key) or {}
        self._done[key] = record.get("documents", 0), self._sizes[key]

    def step(self, running: Iterable[str]) -> tuple[int, str]:
        """Megabytes more than at the last call, and the documents a second since the beginning."""
        documents = sum(n for n, _ in self._done.values())
        size = sum(done for _, done in self._done.values())
        for key in running:
            try:
                words = self.folder.beat(key).read_text(encoding="ascii").split()
                n, characters = int(words[0]), int(words[1])
            except (OSError, ValueError, IndexError):
                continue
            documents += n
            size += min(characters, 0.99 * self._sizes[key])
        more = max(0, int(size / MB) - self._shown)
        self._shown += more
        seconds = max(time.monotonic() - self._began, 1e-9)
        return more, f"{documents / seconds:,.0f} documents/s"


def _size(shard: Shard) -> float:
    """About how many bytes of text the shard holds."""
    file = shard.file
    if file.format == "parquet":
        return float(file.size)
    whole = file.size * (PACKED if file.compression else 1.0)
    return float(shard.stop - shard.start) if shard.stop else max(whole - shard.start, 1.0)
