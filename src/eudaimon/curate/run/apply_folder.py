"""A folder of kept and removed text: files and a record of each shard, and a manifest at last."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, get_args

from eudaimon.core.errors import UsageError
from eudaimon.core.files import read_json, sha256_file, write_json

MANIFEST, PLAN = "manifest.json", "plan.json"
Kind = Literal["applied", "removal", "backfill"]
"""What a policy made of a corpus, or one of its controls."""


class ApplyFolder:
    """``kept/<shard id>.jsonl.zst`` (or ``.parquet``), ``removed/<shard id>.jsonl.zst``, ``done/``, manifest.

    As `eudaimon.jobs.engine.Results` its keys are ids of shards. ``done/<shard id>.json`` is written last:
    what the shard was made of, what it counts, and the hashes of its files.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder).resolve()
        self.finished = self.folder / "done"

    def kept(self, key: str, format: str) -> Path:
        """The file of a shard's kept rows."""
        return self.folder / "kept" / f"{key}.{format}"

    def removed(self, key: str) -> Path:
        """The file of what was removed of a shard."""
        return self.folder / "removed" / f"{key}.jsonl.zst"

    def log(self, key: str) -> Path:
        """The file with all that was printed and logged while the shard was written."""
        return self.folder / "logs" / f"{key}.log"

    def plan(self) -> dict[str, Any]:
        """What the folder is made of: decisions, format, and the key that each shard must have."""
        found: dict[str, Any] = read_json(self.folder / PLAN)
        return found

    def record(self, key: str) -> dict[str, Any] | None:
        """What a finished shard says of itself; None where it is not there or cannot be read."""
        try:
            found = read_json(self.finished / f"{key}.json")
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) and {"key", "files"} <= set(found) else None

    def done(self, key: str) -> bool:
        """Whether the shard was made as the plan says; its files are not read."""
        record = self.record(key)
        return record is not None and record["key"] == self.plan()["keys"].get(key)

    def damage(self, key: str) -> str:
        """What is wrong with a finished shard's files, in one line; empty when every hash is right."""
        for name, digest in ((self.record(key) or {}).get("files") or {"its record": ""}).items():
            path = self.folder / name
            if not path.is_file() or sha256_file(path) != digest:
                return f"{path} is not what was written"
        return ""

    def manifest(self) -> dict[str, Any]:
        """What is written when all shards are; raises `UsageError` before that, and on another folder."""
        try:
            found = read_json(self.folder / MANIFEST)
        except (OSError, ValueError):
            found = None
        if not isinstance(found, dict) or found.get("kind") not in get_args(Kind):
            raise UsageError(
                f"{self.folder} holds no finished output of a policy",
                right="a folder that `curate apply` or `curate controls` finished",
                do="eudaimon curate apply SCORES --policy prosocial --out FOLDER",
            )
        return found

    def write_record(self, key: str, made_of: str, counts: dict[str, Any], files: tuple[Path, ...]) -> None:
        """Say that a shard is finished."""
        hashes = {path.relative_to(self.folder).as_posix(): sha256_file(path) for path in files}
        write_json(self.finished / f"{key}.json", {"id": key, "key": made_of, **counts, "files": hashes})
