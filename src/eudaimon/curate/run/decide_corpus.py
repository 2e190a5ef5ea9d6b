"""A scored corpus decided by a policy: from the score tables alone, shard by shard."""

from __future__ import annotations

import gc
import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eudaimon.core.errors import UsageError
from eudaimon.core.files import read_json, sha256_file, sweep_files, write_json
from eudaimon.core.progress import progress
from eudaimon.curate.decision_table import score_tables
from eudaimon.curate.policy import Policy, load_policy
from eudaimon.curate.run.decide_shard import (
    COUNTED,
    decisions_key,
    decisions_path,
    known_decisions,
    shard_decisions,
    write_decided,
)
from eudaimon.curate.run.folder import MANIFEST, SCORES, ScoreFolder
from eudaimon.curate.sources.shard import Shard
from eudaimon.jobs.lock import locked

if TYPE_CHECKING:
    import pyarrow

LOCK = "locks/run.lock"


@dataclass(frozen=True)
class Decided:
    """What a policy decides on a corpus.

    ``manifest`` counts documents by outcome, by rule and by source, and spans and their characters by rule.
    ``found`` is how many shards had been decided by this policy on these scores before.
    """

    folder: Path
    manifest: dict[str, Any]
    found: int
    seconds: float
    cpu_seconds: float


def decide_corpus(
    scores: str | Path, policy: str | Path | Policy, out: str | Path, *, show_progress: bool = True
) -> Decided:
    """Decide all documents of a folder of scores into ``out``: a Parquet file a shard, and a manifest.

    Reads no text and makes no object for a document in which no rule holds. A shard that was decided by this
    policy on the same scores is left. The same scores and policy give the same bytes. Raises `UsageError`
    when scoring is not finished, scores are damaged, or ``out`` holds something else.
    """
    began, cpu = time.monotonic(), time.process_time()
    given = policy if isinstance(policy, Policy) else load_policy(policy)
    source, folder = ScoreFolder(scores), Path(out).resolve()
    _require_other(folder)
    hashes = {row["id"]: row[SCORES] for row in source.manifest()["shards"]}
    found, rows = 0, []
    with locked(folder / LOCK, wait=True):
        shards = source.plan.shards
        sweep_files(folder / "shards")
        if (folder / MANIFEST).is_file() and not _same(folder, given, hashes):
            (folder / MANIFEST).unlink()
        with progress("deciding", len(shards), "shards", enabled=show_progress) as advance:
            for shard in shards:
                row = known_decisions(folder, shard.id, given, hashes[shard.id])
                found += row is not None
                with _no_collections():
                    rows.append(row or _decide_shard(source, folder, shard, given))
                advance()
        manifest = _manifest(given, os.path.relpath(source.folder, folder), rows)
        write_json(folder / MANIFEST, manifest)
    return Decided(folder, manifest, found, time.monotonic() - began, time.process_time() - cpu)


@contextmanager
def _no_collections() -> Iterator[None]:
    """No search for circles among objects: rows have none, and beside many other objects it takes long."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class DecisionFolder:
    """A folder that `decide_corpus` wrote, opened; raises `UsageError` when it is none, or not finished."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder).resolve()
        if not is_decided(self.folder):
            raise UsageError(
                f"{self.folder} holds no decisions",
                right="a folder that `curate decide` finished",
                do="eudaimon curate decide SCORES --policy prosocial --out DECISIONS",
            )
        self.manifest: dict[str, Any] = read_json(self.folder / MANIFEST)
        self.policy = Policy.model_validate(self.manifest["policy"])
        self._hashes = {row["id"]: row["sha256"] for row in self.manifest["shards"]}
        self.scores = ScoreFolder(self.folder / self.manifest["scores"])

    def tables(self, shard: Shard) -> Iterator[pyarrow.Table]:
        """The decisions on a shard in order, in tables of a row group; `UsageError` when they are damaged."""
        import pyarrow.parquet

        path = decisions_path(self.folder, shard.id)
        if not path.is_file() or sha256_file(path) != self._hashes[shard.id]:
            raise UsageError(f"{path} is not what was written", do="the same `eudaimon curate decide` again")
        with pyarrow.parquet.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                yield file.read_row_group(group, use_threads=False)


def is_decided(folder: Path) -> bool:
    """Whether a folder holds the decisions of a whole corpus."""
    try:
        return str(read_json(folder / MANIFEST)["kind"]) == "decisions"
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _require_other(folder: Path) -> None:
    if (folder / MANIFEST).is_file() and not is_decided(folder):
        raise UsageError(
            f"{folder} holds something else", right="a folder for decisions", do="--out DECISIONS"
        )


def _same(folder: Path, policy: Policy, hashes: dict[str, str]) -> bool:
    manifest = read_json(folder / MANIFEST)
    known = {row["id"]: row["key"] for row in manifest["shards"]}
    return known == {name: decisions_key(policy, digest) for name, digest in hashes.items()}


def _decide_shard(source: ScoreFolder, folder: Path, shard: Shard, policy: Policy) -> dict[str, Any]:
    if told := source.damage(shard.id):
        raise UsageError(
            f"{source.folder}: {told}", do="the same `eudaimon curate score` again, which scores it anew"
        )
    scores = source.shard(shard.id) / SCORES
    with shard_decisions(folder, shard.id, policy) as made:
        for table in score_tables(scores, policy):
            made.add(table, scores)
    return write_decided(folder, shard.id, made, (source.record(shard.id) or {})["files"][SCORES]["sha256"])


def _manifest(policy: Policy, source: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    total: dict[str, Counter[str]] = {}
    plain = dict.fromkeys(COUNTED, 0)
    for row in rows:
        for name, value in row.items():
            if isinstance(value, dict):
                total.setdefault(name, Counter()).update(value)
            elif name in plain:
                plain[name] += value
    by_source: dict[str, dict[str, int]] = {}
    for pair, n in sorted(total.pop("source", Counter()).items()):
        name, outcome = json.loads(pair)
        by_source.setdefault(name, {})[outcome] = n
    return {
        "kind": "decisions",
        "scores": source,
        "policy": policy.model_dump(mode="json"),
        "policy_hash": policy.hash,
        **plain,
        **{name: dict(sorted(counter.items())) for name, counter in total.items()},
        "by_source": by_source,
        "shards": [{name: row[name] for name in ("id", "key", "sha256", *COUNTED)} for row in rows],
    }
