"""A folder of kept and removed text: files and a record of each shard, and a manifest at last."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, get_args

from eudaimon.core.errors import UsageError
from eudaimon.core.files import read_json, sha256_file, sweep_files, write_json

MANIFEST, PLAN = "manifest.json", "plan.json"
PARTS = ("kept", "removed", "done")
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
        self._plan: tuple[tuple[int, int], dict[str, Any]] | None = None

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
        info = (self.folder / PLAN).stat()
        stamp = (info.st_mtime_ns, info.st_ino)
        if self._plan is None or self._plan[0] != stamp:
            self._plan = stamp, read_json(self.folder / PLAN)
        return self._plan[1]

    def require_own(self) -> None:
        """Raise `UsageError` where something else than our output lies in the way."""
        ours = any((self.folder / name).is_file() for name in (PLAN, MANIFEST))
        if not ours and any((self.folder / part).exists() for part in PARTS):
            raise UsageError(f"{self.folder} holds something else", right="a folder of its own")

    def keep_only(self, keys: Iterable[str], format: str) -> None:
        """Remove files of shards or forms that are not to be here: whoever reads a folder reads all of it."""
        wanted = set(keys)
        endings = {"kept": f".{format}", "removed": ".jsonl.zst", "done": ".json"}
        for part, ending in endings.items():
            for path in (self.folder / part).glob("[!.]*"):
                if not path.name.endswith(ending) or path.name.removesuffix(ending) not in wanted:
                    path.unlink()

    def sweep(self) -> None:
        """Remove what killed workers left half written; when every shard is there nobody writes any more."""
        for part in PARTS:
            sweep_files(self.folder / part)

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
