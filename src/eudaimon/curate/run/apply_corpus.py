"""A policy's decisions applied to the text of a corpus, shard by shard, by worker processes or Slurm."""

from __future__ import annotations

import logging
import os
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from eudaimon.core.errors import UsageError
from eudaimon.core.files import read_json, sha256_file, write_json
from eudaimon.core.identity import short_hash
from eudaimon.core.progress import progress
from eudaimon.curate.policy import DEFAULT, Policy, load_policy
from eudaimon.curate.run.apply_folder import MANIFEST, PLAN, ApplyFolder
from eudaimon.curate.run.apply_shard import Rewrites, apply_shard
from eudaimon.curate.run.decide_corpus import DecisionFolder, decide_corpus, is_decided
from eudaimon.curate.run.engines import EngineName, engine_named, start_early
from eudaimon.curate.run.rows import read_rows
from eudaimon.curate.sources.find import find_sources
from eudaimon.curate.sources.shard import Shard
from eudaimon.curate.sources.write import OutputFormat
from eudaimon.jobs.drive import drive
from eudaimon.jobs.failure import forget_failure, record_failure
from eudaimon.jobs.lock import locked
from eudaimon.jobs.output import output_to, tell

logger = logging.getLogger(__name__)

COMPUTE = "eudaimon.curate.run.apply_corpus:apply_by_key"
OPEN = "eudaimon.curate.run.apply_corpus:import_once"
FORMAT = 1
"""Of the rows; what was written in another is written again."""


@dataclass(frozen=True)
class AppliedCorpus:
    """How applying a policy to a corpus ended: shards written now, found written, and failed, with why.

    ``manifest`` counts documents and characters kept, removed and masked, in all and by source.
    """

    folder: Path
    computed: tuple[str, ...]
    found: tuple[str, ...]
    failed: Mapping[str, str] = field(default_factory=dict)
    manifest: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether every shard is written."""
        return not self.failed


def apply_corpus(
    source: str | Path,
    out: str | Path,
    policy: str | Path | Policy | None = None,
    *,
    paths: Iterable[str | Path] | None = None,
    format: OutputFormat = "jsonl.zst",
    rewrites: str | Path | None = None,
    workers: int | None = None,
    engine: EngineName = "local",
    slurm: Mapping[str, Any] | None = None,
    show_progress: bool = True,
) -> AppliedCorpus:
    """Write what a policy keeps of a corpus and what it removes into ``out``; the same call resumes.

    ``source`` is a folder of decisions, or one of scores, which is then decided by ``policy`` (default:
    prosocial). Documents are met again by shard and order, and their texts must have the hashes that were
    scored. ``paths`` say where the files are if they have moved. ``rewrites`` is a file of rows ``id``,
    ``start``, ``end``, ``text`` with new words for each span that the policy wants rewritten. Without
    ``workers`` this process does it all. The form of the rows is in `eudaimon.curate.run.applied_rows`.
    Raises `UsageError` for a folder that is not finished, files that are missing, or a policy that is another
    than that of the decisions.
    """
    began = time.monotonic()
    folder = ApplyFolder(out)
    if workers is not None and not any(folder.finished.glob("*.json")):
        start_early(engine, COMPUTE)
    with ExitStack() as stack:
        folder.require_own()
        stack.enter_context(locked(folder.folder / "locks" / "run.lock", wait=True))
        decided = _decisions(Path(source), folder, policy, show_progress=show_progress)
        shards = _located(decided, paths)
        plan = _plan(folder, decided, shards, format, rewrites)
        known = [shard.id for shard in shards if folder.done(shard.id)]
        found = tuple(key for key in known if not folder.damage(key))
        needed = [shard.id for shard in shards if shard.id not in set(found)]
        for key in needed:
            (folder.finished / f"{key}.json").unlink(missing_ok=True)
            forget_failure(folder.folder, key)
        if needed:
            (folder.folder / MANIFEST).unlink(missing_ok=True)
        folder.keep_only(plan["keys"], format)
        failed: dict[str, str] = {}
        with progress("applying", len(needed), "shards", enabled=show_progress) as advance:
            if workers is None and engine == "local":
                for key in needed:
                    if told := _apply(folder, decided, key):
                        failed[key] = told
                    advance()
            elif needed:
                chosen = engine_named(engine, folder, COMPUTE, len(needed), workers, slurm, OPEN)
                stack.callback(chosen.close)
                failed = drive(chosen, folder, needed, finished=lambda key: advance())
        computed = tuple(key for key in needed if key not in failed)
        if not failed:
            folder.sweep()
        manifest = {} if failed else _write_manifest(folder, decided, plan)
        return AppliedCorpus(folder.folder, computed, found, failed, manifest, time.monotonic() - began)


def apply_by_key(folder: str | Path, key: str) -> str:
    """Apply the decisions on the shard of ``key``: what every engine's process does."""
    target = _folders.setdefault(str(folder), ApplyFolder(folder))
    forget_failure(target.folder, key)
    with output_to(target.log(key)):
        try:
            source = _opened(target.folder / target.plan()["decisions"])
            return _apply(target, source, key)
        except Exception as error:
            traceback.print_exc()
            told = tell(error)
            record_failure(target.folder, key, told)
            return told


def import_once(folder: str | Path) -> None:
    """Import what applying takes, so that workers share it."""
    import orjson  # noqa: F401
    import zstandard  # noqa: F401


_folders: dict[str, ApplyFolder] = {}
_open: dict[tuple[str, int], DecisionFolder] = {}


def _opened(path: Path) -> DecisionFolder:
    """The decisions, read once by a worker for all of its shards, and again when they were made anew."""
    key = (str(path), (path / MANIFEST).stat().st_mtime_ns)
    if key not in _open:
        _open.clear()
        _open[key] = DecisionFolder(path)
    return _open[key]


def _apply(folder: ApplyFolder, source: DecisionFolder, key: str) -> str:
    plan = folder.plan()
    shard = moved(source.scores.plan.shard(key), plan["moved"])
    try:
        apply_shard(folder, source, shard, plan["keys"][key], plan["format"], _rewrites(plan["rewrites"]))
    except Exception as error:
        logger.exception("%s failed", key)
        record_failure(folder.folder, key, tell(error))
        return tell(error)
    return ""


def moved(shard: Shard, urls: Mapping[str, str]) -> Shard:
    """The shard with its file where it is now."""
    url = urls.get(shard.file.url)
    return replace(shard, file=replace(shard.file, url=url)) if url else shard


def _decisions(
    source: Path, folder: ApplyFolder, policy: str | Path | Policy | None, *, show_progress: bool
) -> DecisionFolder:
    if not is_decided(source):
        own = folder.folder / "decisions"
        decide_corpus(source, policy if policy is not None else DEFAULT, own, show_progress=show_progress)
        return DecisionFolder(own)
    decided = DecisionFolder(source)
    if policy is not None:
        wanted = policy if isinstance(policy, Policy) else load_policy(policy)
        if wanted.hash != decided.policy.hash:
            raise UsageError(
                f"{source} was decided by {decided.policy.name} {decided.policy.hash}, and not by "
                f"{wanted.name} {wanted.hash}",
                right="the folder of scores and a policy, or a folder of decisions alone",
            )
    return decided


def _located(decided: DecisionFolder, paths: Iterable[str | Path] | None) -> list[Shard]:
    """The shards with the files where they are now."""
    shards = list(decided.scores.plan.shards)
    if paths is None:
        return shards
    there = {(file.fingerprint, file.size): file for file in find_sources(paths)}
    found = []
    for shard in shards:
        now = there.get((shard.file.fingerprint, shard.file.size))
        if now is None:
            raise UsageError(
                f"{shard.file.name} is not among the files given, or has changed since it was scored",
                right="the very same files, wherever they are now",
            )
        found.append(replace(shard, file=replace(shard.file, url=now.url)))
    return found


def _plan(
    folder: ApplyFolder,
    decided: DecisionFolder,
    shards: list[Shard],
    format: OutputFormat,
    rewrites: str | Path | None,
) -> dict[str, Any]:
    """What the folder is to hold, written down for the workers."""
    if rewrites is None and any(rule.do == "rewrite" for rule in decided.policy.segments):
        raise UsageError(
            f"policy {decided.policy.name} wants spans rewritten, and there are no new words",
            right="a file of rows id, start, end, text",
            do="--rewrites FILE.jsonl",
        )
    words = sha256_file(rewrites) if rewrites else ""
    digests = {row["id"]: row["sha256"] for row in decided.manifest["shards"]}
    home = {shard.id: shard.file.url for shard in decided.scores.plan.shards}
    plan = {
        "decisions": os.path.relpath(decided.folder, folder.folder),
        "format": format,
        "rewrites": str(Path(rewrites).resolve()) if rewrites else None,
        "moved": {home[s.id]: s.file.url for s in shards if home[s.id] != s.file.url},
        "keys": {s.id: applied_key(digests[s.id], format, words) for s in shards},
    }
    path = folder.folder / PLAN
    if not path.is_file() or read_json(path) != plan:
        write_json(path, plan)
    return plan


def applied_key(decisions: str, format: OutputFormat, words: str = "") -> str:
    """What rows are named by that were made of decisions, and of new words, of these SHA-256."""
    return short_hash([FORMAT, decisions, format, words])


def _rewrites(path: str | None) -> Rewrites:
    if path is None:
        return {}
    return {(row["id"], row["start"], row["end"]): row["text"] for row in read_rows(Path(path))}


def _write_manifest(folder: ApplyFolder, decided: DecisionFolder, plan: Mapping[str, Any]) -> dict[str, Any]:
    scores = decided.scores.manifest()
    manifest = {
        "kind": "applied",
        "policy": decided.policy.model_dump(mode="json"),
        "policy_hash": decided.policy.hash,
        "scorer": scores["scorer"],
        "format": plan["format"],
        "quarantined": scores["quarantined"],
        **summed(folder, plan["keys"]),
    }
    write_json(folder.folder / MANIFEST, manifest)
    return manifest


def summed(folder: ApplyFolder, keys: Iterable[str]) -> dict[str, Any]:
    """The counts of all shards added up, in all and by source, and a line for each shard."""
    total: Counter[str] = Counter()
    by_source: dict[str, Counter[str]] = {}
    shards = []
    for key in keys:
        record = folder.record(key) or {}
        shards.append({name: record.get(name, 0) for name in ("id", "key", "documents", "files")})
        total.update({name: n for name, n in record.items() if isinstance(n, int)})
        for name, counts in record["by_source"].items():
            by_source.setdefault(name, Counter()).update(counts)
    return {
        **dict(sorted(total.items())),
        "by_source": {name: dict(sorted(counts.items())) for name, counts in sorted(by_source.items())},
        "shards": shards,
    }
