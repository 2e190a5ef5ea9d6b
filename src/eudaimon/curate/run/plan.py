"""What a folder of scores holds or is to hold: which shards, scored by what, read how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from eudaimon.core.errors import UsageError
from eudaimon.core.identity import short_hash
from eudaimon.curate.sources.record import Fields, Reading
from eudaimon.curate.sources.shard import Shard
from eudaimon.curate.sources.source_file import SourceFile

FORMAT = 2
"""Of the folder; a folder of another format is scored again."""


@dataclass(frozen=True)
class Plan:
    """The shards of a corpus, and everything that their scores depend on.

    ``scorer`` is the name by which a worker opens the scorer, ``scorer_hash`` what it must then be.
    """

    shards: tuple[Shard, ...]
    scorer: str
    scorer_hash: str
    fields: Fields
    reading: Reading
    voices: str
    shard_bytes: int

    @cached_property
    def by_id(self) -> Mapping[str, Shard]:
        """The shards by their ids."""
        return {shard.id: shard for shard in self.shards}

    def shard(self, key: str) -> Shard:
        """The shard of an id; raises `UsageError` when it is not in this plan."""
        try:
            return self.by_id[key]
        except KeyError:
            raise UsageError(f"shard {key} is not in the plan of this folder any more") from None

    def config(self, shard: Shard) -> str:
        """A short hash of all that the scores of a shard depend on, its text among it."""
        return short_hash([self.settings, shard.id])

    @property
    def settings(self) -> dict[str, Any]:
        """What the scores of all shards depend on, the texts aside."""
        return {
            "format": FORMAT,
            "scorer": self.scorer_hash,
            "voices": self.voices,
            "fields": asdict(self.fields),
            "reading": asdict(self.reading),
        }

    def as_json(self) -> dict[str, Any]:
        """The plan as a JSON value."""
        sources = list(dict.fromkeys(shard.file for shard in self.shards))
        number = {file: k for k, file in enumerate(sources)}
        return {
            **self.settings,
            "scorer_name": self.scorer,
            "shard_bytes": self.shard_bytes,
            "files": [asdict(file) for file in sources],
            "shards": [[number[s.file], s.index, s.start, s.stop] for s in self.shards],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Plan:
        """The plan that `as_json` wrote; raises `UsageError` on one of another format."""
        if value.get("format") != FORMAT:
            raise UsageError("the plan was written by another version", do="score into a new folder")
        sources = [SourceFile(**row) for row in value["files"]]
        return cls(
            tuple(Shard(sources[k], index, start, stop) for k, index, start, stop in value["shards"]),
            value["scorer_name"],
            value["scorer"],
            Fields(**value["fields"]),
            Reading(**value["reading"]),
            value["voices"],
            value["shard_bytes"],
        )


@cache
def voices_version() -> str:
    """A short hash of the code and data that find voices: where it differs, segments may."""
    found = []
    home = files("eudaimon.curate") / "voices"
    for folder in (home, home / "compiled"):
        for path in sorted(folder.iterdir(), key=lambda path: path.name):
            if path.name.endswith((".py", ".yaml")):
                found.append([path.name, short_hash(path.read_bytes())])
    return short_hash(found)
