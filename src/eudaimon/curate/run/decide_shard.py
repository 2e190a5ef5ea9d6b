"""One shard's decisions: their file, its record, and what they count."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eudaimon.core.files import atomic_path, read_json, sha256_file, write_json
from eudaimon.core.identity import short_hash
from eudaimon.curate import arrow
from eudaimon.curate.decision_table import decide_table, decision_schema
from eudaimon.curate.policy import Policy

if TYPE_CHECKING:
    import pyarrow

FORMAT = 1
"""Of the decisions; those of another format are made again."""
COUNTED = ("documents", "untouched")
"""Documents, and those of them that are kept as they are, once, without a reflection."""


def decisions_path(folder: Path, shard: str) -> Path:
    """Where the decisions on a shard lie in a folder of decisions."""
    return folder / "shards" / f"{shard}.parquet"


def decisions_key(policy: Policy, scores: str) -> str:
    """What decisions of a policy on scores of this SHA-256 are named by."""
    return short_hash([FORMAT, policy.hash, scores])


def known_decisions(folder: Path, shard: str, policy: Policy, scores: str) -> dict[str, Any] | None:
    """The record of a shard that was decided by this policy on these scores, whose file is whole."""
    path = decisions_path(folder, shard)
    try:
        row: dict[str, Any] = read_json(path.with_suffix(".json"))
        sound = row["key"] == decisions_key(policy, scores) and row["sha256"] == sha256_file(path)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return row if sound else None


class ShardDecisions:
    """Decides tables of scores, in order, into the file of a shard; made by `shard_decisions`."""

    def __init__(self, policy: Policy, writer: pyarrow.parquet.ParquetWriter) -> None:
        self.policy, self._writer, self.counts = policy, writer, _Counts()

    def add(self, scores: pyarrow.Table, path: Path) -> pyarrow.Table:
        """The decisions on a table of whole documents, which are written; ``path`` names it in errors."""
        decided = decide_table(self.policy, scores, path)
        self._writer.write_table(decided)
        self.counts.add(decided)
        return decided


@contextmanager
def shard_decisions(folder: Path, shard: str, policy: Policy) -> Iterator[ShardDecisions]:
    """Decides a shard into a file that is there when the block ends well; `write_decided` then records it."""
    import pyarrow.parquet

    with (
        atomic_path(decisions_path(folder, shard)) as temporary,
        pyarrow.parquet.ParquetWriter(temporary, decision_schema(), compression="zstd") as writer,
    ):
        yield ShardDecisions(policy, writer)


def write_decided(folder: Path, shard: str, made: ShardDecisions, scores: str) -> dict[str, Any]:
    """Record a shard whose decisions on scores of this SHA-256 have been written; the record."""
    path = decisions_path(folder, shard)
    key, digest = decisions_key(made.policy, scores), sha256_file(path)
    row = {"id": shard, "key": key, "sha256": digest, **made.counts.as_json()}
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
