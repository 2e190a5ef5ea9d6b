"""What a policy decides on a scored corpus, as files: those that are there, or made once beside the page."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from eudaimon.core.errors import BadRows
from eudaimon.core.files import atomic_path, read_json
from eudaimon.core.identity import short_hash
from eudaimon.curate.decided import score_files, scores_hash
from eudaimon.curate.decision_table import decide_table, decision_schema, score_tables
from eudaimon.curate.policy import Policy, load_policy, policy_names
from eudaimon.curate.run.folder import MANIFEST
from eudaimon.dashboard.store import Found, Store

_ONE_AT_A_TIME = Lock()


@dataclass(frozen=True)
class Decided:
    """The decisions of a policy on a corpus, in Parquet files of `decision_schema`."""

    policy: Policy
    files: tuple[Path, ...]


def policies(store: Store) -> dict[str, Policy]:
    """The shipped policies and those of decided corpora, by name; of two of one name, the shipped one."""
    own: dict[str, Policy] = {}
    for found in store.of("decisions"):
        policy = decided(found).policy
        own[policy.name] = policy
    return own | {name: load_policy(name) for name in policy_names()}


def decided(found: Found) -> Decided:
    """The decisions that ``curate decide`` wrote into a folder; raises `BadRows` where that is broken."""
    path = found.path / MANIFEST
    try:
        manifest: Any = read_json(path)
        policy = Policy.model_validate(manifest["policy"])
        # By the manifest, and not by what lies there: a shard of an earlier run counts for nothing.
        names = [str(row["id"]) for row in manifest["shards"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadRows(f"{path} is broken: {error!r}", right="what `eudaimon curate decide` wrote") from error
    files = [found.path / "shards" / f"{name}.parquet" for name in names]
    return Decided(policy, tuple(path for path in files if path.resolve().is_relative_to(found.path)))


def decide(scores: Found, policy: Policy) -> Decided:
    """The decisions of a policy on a scored corpus, made from its tables where nobody has made them before.

    They are written beside the page, table by table, and go when the program ends: memory does not grow with
    the corpus. Raises `UsageError` where scores are damaged.
    """
    key = short_hash([str(scores.path), scores_hash(scores.path), policy.hash])
    path = Path(_folder().name) / f"{key}.parquet"
    with _ONE_AT_A_TIME:
        if not path.is_file():
            _write(path, score_files(scores.path), policy)
    return Decided(policy, (path,))


def _write(path: Path, files: Sequence[Path], policy: Policy) -> None:
    import pyarrow.parquet

    with (
        atomic_path(path) as temporary,
        pyarrow.parquet.ParquetWriter(temporary, decision_schema(), compression="zstd") as writer,
    ):
        for file in files:
            for table in score_tables(file, policy):
                writer.write_table(decide_table(policy, table, file))


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="eudaimon-dashboard-")
