"""A scored corpus decided by a policy: from the score tables alone, shard by shard."""

from __future__ import annotations

import gc
import json
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eudaimon.core.errors import UsageError
from eudaimon.core.files import atomic_path, read_json, sha256_file, write_json
from eudaimon.core.identity import short_hash
from eudaimon.core.progress import progress
from eudaimon.curate import arrow
from eudaimon.curate.decision_table import decide_table, decision_schema, score_tables
from eudaimon.curate.policy import Policy, load_policy
from eudaimon.curate.run.folder import MANIFEST, SCORES, ScoreFolder
from eudaimon.curate.sources.shard import Shard
from eudaimon.jobs.lock import locked

if TYPE_CHECKING:
    import pyarrow

FORMAT = 1
"""Of the decisions; those of another format are made again."""
LOCK = "locks/run.lock"
COUNTED = ("documents", "untouched")
"""Documents, and those of them that are kept as they are, once, without a reflection."""


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
        if (folder / MANIFEST).is_file() and not _same(folder, given, hashes):
            (folder / MANIFEST).unlink()
        with progress("deciding", len(shards), "shards", enabled=show_progress) as advance:
            for shard in shards:
                row = _known(folder, shard, given, hashes[shard.id])
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

        path = _file(self.folder, shard)
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


def _file(folder: Path, shard: Shard) -> Path:
    return folder / "shards" / f"{shard.id}.parquet"


def _key(policy: Policy, scores: str) -> str:
    return short_hash([FORMAT, policy.hash, scores])


def _same(folder: Path, policy: Policy, hashes: dict[str, str]) -> bool:
    manifest = read_json(folder / MANIFEST)
    known = {row["id"]: row["key"] for row in manifest["shards"]}
    return known == {name: _key(policy, digest) for name, digest in hashes.items()}


def _known(folder: Path, shard: Shard, policy: Policy, scores: str) -> dict[str, Any] | None:
    """The record of a shard that was decided by this policy on these scores, whose file is whole."""
    path = _file(folder, shard)
    try:
        row: dict[str, Any] = read_json(path.with_suffix(".json"))
        sound = row["key"] == _key(policy, scores) and row["sha256"] == sha256_file(path)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return row if sound else None


def _decide_shard(source: ScoreFolder, folder: Path, shard: Shard, policy: Policy) -> dict[str, Any]:
    import pyarrow.parquet

    if told := source.damage(shard.id):
        raise UsageError(
            f"{source.folder}: {told}", do="the same `eudaimon curate score` again, which scores it anew"
        )
    scores, path = source.shard(shard.id) / SCORES, _file(folder, shard)
    counts = _Counts()
    with (
        atomic_path(path) as temporary,
        pyarrow.parquet.ParquetWriter(temporary, decision_schema(), compression="zstd") as writer,
    ):
        for table in score_tables(scores, policy):
            decided = decide_table(policy, table, scores)
            writer.write_table(decided)
            counts.add(decided)
    wanted = (source.record(shard.id) or {})["files"][SCORES]["sha256"]
    row = {"id": shard.id, "key": _key(policy, wanted), "sha256": sha256_file(path), **counts.as_json()}
    write_json(path.with_suffix(".json"), row)
    return row


class _Counts:
    """Documents by outcome, rule and source; spans and their characters by rule."""

    def __init__(self) -> None:
        self.plain: Counter[str] = Counter()
        self.by: dict[str, Counter[str]] = {
            name: Counter() for name in ("outcome", "rule", "source", "spans", "characters")
        }

    def add(self, decided: pyarrow.Table) -> None:
        outcome, outcomes = arrow.codes_of(decided["outcome"])
        acted = arrow.to_numpy(decided["spans"].is_valid())
        same = arrow.among(decided["outcome"], ("keep",)) & ~acted
        same &= (arrow.to_numpy(decided["weight"]) == 1) & arrow.among(decided["reflection"], ("",))
        self.plain["documents"] += decided.num_rows
        self.plain["untouched"] += int(same.sum())
        for name in ("outcome", "rule"):
            self._count(name, *arrow.codes_of(decided[name]))
        source, sources = arrow.codes_of(decided["source"])
        pairs = [json.dumps([each or "", other]) for each in sources for other in outcomes]
        self._count("source", source * len(outcomes) + outcome, pairs)
        spans = decided["spans"].combine_chunks().flatten()
        rule, rules = arrow.codes_of(spans.field("rule"))
        start, end = (arrow.to_numpy(spans.field(name)) for name in ("start", "end"))
        self._count("spans", rule, rules)
        self._count("characters", rule, rules, end - start)

    def _count(
        self, name: str, codes: np.ndarray, names: Sequence[str | None], weights: np.ndarray | None = None
    ) -> None:
        found = np.bincount(codes, minlength=len(names)), np.bincount(codes, weights, len(names))
        for value, n, total in zip(names, *(each.tolist() for each in found), strict=True):
            if n:
                self.by[name][value or ""] += int(total)

    def as_json(self) -> dict[str, Any]:
        return {
            **{name: self.plain[name] for name in COUNTED},
            **{name: dict(sorted(counter.items())) for name, counter in self.by.items()},
        }


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
