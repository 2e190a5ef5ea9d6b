"""A folder of scores: its plan, its shards, each whole or absent, and its manifest when all are there."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from eudaimon.core.errors import UsageError
from eudaimon.core.files import read_json, sha256_file, write_json
from eudaimon.core.folders import discard, sweep, temporaries
from eudaimon.curate.run.plan import Plan
from eudaimon.curate.sources.shard import Shard
from eudaimon.jobs.lock import Held, locked

PLAN, MANIFEST, RUN = "plan.json", "manifest.json", "run.json"
DONE = "done.json"
"""Written last into a shard's folder: which configuration made it, what it counts, and its files' hashes."""
SCORES, QUARANTINE, COSTS, IDS = "scores.parquet", "quarantine.jsonl", "costs.json", "ids.bin"


class ScoreFolder:
    """``plan.json``, ``shards/<shard id>/``, ``logs``, ``locks``, and ``manifest.json`` when all is scored.

    As `eudaimon.jobs.engine.Results` its keys are ids of shards.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder).resolve()
        self.finished = self.folder / "shards"
        self._plan: tuple[tuple[int, int], Plan] | None = None

    @property
    def plan(self) -> Plan:
        """The plan as it is written now; raises `UsageError` when the folder has none."""
        path = self.folder / PLAN
        try:
            info = path.stat()
        except FileNotFoundError:
            raise UsageError(
                f"{self.folder} holds no scores",
                right="a folder that `curate score` wrote",
                do=f"eudaimon curate score FILES --out {self.folder}",
            ) from None
        stamp = (info.st_mtime_ns, info.st_ino)
        if self._plan is None or self._plan[0] != stamp:
            self._plan = stamp, Plan.from_json(read_json(path))
        return self._plan[1]

    def write_plan(self, plan: Plan) -> None:
        """Set the plan; one that is the same is left as it is."""
        path = self.folder / PLAN
        if not path.is_file() or read_json(path) != plan.as_json():
            write_json(path, plan.as_json())

    def manifest(self) -> dict[str, Any]:
        """What is written when all shards are scored; raises `UsageError` before that."""
        try:
            found: dict[str, Any] = read_json(self.folder / MANIFEST)
        except FileNotFoundError:
            n = sum(self.done(shard.id) for shard in self.plan.shards)
            raise UsageError(
                f"{self.folder} is not finished: {n} of {len(self.plan.shards)} shards are scored",
                right="a folder of which every shard is scored",
                do="the same `eudaimon curate score` again, which goes on where it stopped",
            ) from None
        return found

    def shard(self, key: str) -> Path:
        """The folder of a shard's scores."""
        return self.finished / key

    def log(self, key: str) -> Path:
        """The file with all that was printed and logged while the shard was scored."""
        return self.folder / "logs" / f"{key}.log"

    def lock(self, key: str) -> Path:
        """The file that a process holds while it scores the shard."""
        return self.folder / "locks" / f"{key}.lock"

    def beat(self, key: str) -> Path:
        """The file in which a worker says how far it is with the shard."""
        return self.folder / "progress" / key

    def record(self, key: str) -> dict[str, Any] | None:
        """What a finished shard says of itself; None where it is not there or cannot be read."""
        try:
            found: dict[str, Any] = read_json(self.shard(key) / DONE)
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) and "config" in found else None

    def done(self, key: str) -> bool:
        """Whether the shard was scored by this plan's scorer with its settings; its files are not read."""
        shard, record = self.plan.by_id.get(key), self.record(key)
        return shard is not None and record is not None and record["config"] == self.plan.config(shard)

    def damage(self, key: str) -> str:
        """What is wrong with a finished shard's files, in one line; empty when every hash is right."""
        record = self.record(key) or {}
        return damage(self.shard(key), record.get("files"))

    def discard(self, key: str) -> None:
        """Take a shard's scores away, so that it is scored again."""
        discard(self.shard(key))

    def clean(self) -> None:
        """Remove what killed processes left behind; what is being written stays."""
        for key in temporaries(self.finished):
            try:
                with locked(self.lock(key), wait=False):
                    sweep(self.shard(key))
            except Held:
                continue

    def scored(self) -> Iterator[tuple[Shard, Path]]:
        """Each shard in order with its file of scores, checked; raises `UsageError` on a damaged one."""
        self.manifest()
        for shard in self.plan.shards:
            if told := self.damage(shard.id):
                raise UsageError(
                    f"{self.folder}: {told}",
                    right="scores as they were written",
                    do="the same `eudaimon curate score` again, which scores this shard anew",
                )
            yield shard, self.shard(shard.id) / SCORES


def file_hashes(folder: Path, names: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """SHA-256 and size of files, by name."""
    return {
        name: {"sha256": sha256_file(folder / name), "bytes": os.stat(folder / name).st_size}  # noqa: PTH116
        for name in names
    }


def damage(folder: Path, named: Mapping[str, Mapping[str, Any]] | None) -> str:
    """Which of the files in a folder is not what was written, in one line; empty when all are."""
    if not named:
        return f"{folder.name} has no record of its files"
    for name, row in named.items():
        path = folder / name
        if not path.is_file():
            return f"{folder.name}/{name} is missing"
        if path.stat().st_size != row["bytes"]:
            return f"{folder.name}/{name} has {path.stat().st_size} bytes, not {row['bytes']}"
        if sha256_file(path) != row["sha256"]:
            return f"{folder.name}/{name} is not what was written"
    return ""
