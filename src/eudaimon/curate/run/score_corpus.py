"""A corpus scored: shards over worker processes or Slurm's job arrays, resumed by shard."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from eudaimon.core.files import write_json
from eudaimon.core.progress import progress
from eudaimon.curate.run.engines import EngineName, engine_named, start_early
from eudaimon.curate.run.folder import MANIFEST, RUN, ScoreFolder
from eudaimon.curate.run.manifest import costs, write_manifest
from eudaimon.curate.run.opening import modules_of, scorer_named
from eudaimon.curate.run.plan import Plan, voices_version
from eudaimon.curate.run.speed import Speed
from eudaimon.curate.run.work import COMPUTE, OPEN, score_into
from eudaimon.curate.scorer import Scorer
from eudaimon.curate.sources.cut import split
from eudaimon.curate.sources.find import find_sources
from eudaimon.curate.sources.read import DEFAULT_FIELDS, DEFAULT_READING
from eudaimon.curate.sources.record import Fields, Reading
from eudaimon.curate.sources.shard import SHARD_BYTES, Shard
from eudaimon.curate.sources.source_file import Format
from eudaimon.jobs.drive import drive
from eudaimon.jobs.engine import Engine
from eudaimon.jobs.failure import forget_failure
from eudaimon.jobs.lock import Held, locked
from eudaimon.jobs.output import tell

logger = logging.getLogger(__name__)

RUN_LOCK = "locks/run.lock"


@dataclass(frozen=True)
class Scored:
    """How scoring a corpus ended: shards scored now, found scored, and failed, with why.

    ``manifest`` is that of the folder, and empty unless every shard is scored.
    """

    folder: Path
    computed: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    manifest: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether every shard is scored."""
        return not self.failed


def score_corpus(
    paths: str | Path | Iterable[str | Path],
    out: str | Path,
    scorer: str | Path | Scorer,
    *,
    fields: Fields = DEFAULT_FIELDS,
    reading: Reading = DEFAULT_READING,
    format: Format | None = None,
    workers: int | None = None,
    engine: EngineName = "local",
    slurm: Mapping[str, Any] | None = None,
    shard_bytes: int = SHARD_BYTES,
    resume: bool = True,
    wait: bool = True,
    show_progress: bool = True,
    compute: str = COMPUTE,
) -> Scored:
    """Score all documents of some files into the folder ``out``, and say how it ended; the same call resumes.

    ``scorer`` is a name of `open_scorer`, or ``package.module:function``, so that each of ``workers``
    processes (default: the machine's cores), or each of Slurm's jobs, opens it once; a scorer at hand works
    in this process. A shard whose text, scorer, fields or voices are others than they were is scored again,
    and so is one whose files are damaged, or any with ``resume=False``. A run that is killed loses the shards
    under way. ``compute`` names the function of workers that scores a shard, and may do more with it. A
    second run of the folder waits, or with ``wait=False`` raises `Held`. Raises `UsageError`
    when there are no files, no such scorer, or Slurm refuses.
    """
    began = time.monotonic()
    folder = ScoreFolder(out)
    if isinstance(scorer, str | Path) and not (folder.folder / MANIFEST).is_file():
        start_early(engine, compute, modules_of(str(scorer)))
    plan = _plan(paths, scorer, fields, reading, format, shard_bytes)
    with ExitStack() as stack:
        _alone(stack, folder.folder / RUN_LOCK, wait=wait)
        folder.finished.mkdir(parents=True, exist_ok=True)
        folder.write_plan(plan)
        stack.callback(folder.clean)
        folder.clean()
        found = _found(folder, show_progress=show_progress) if resume else ()
        needed = [shard for shard in plan.shards if shard.id not in set(found)]
        if needed:
            (folder.folder / MANIFEST).unlink(missing_ok=True)
        for shard in needed:
            folder.discard(shard.id)
            forget_failure(folder.folder, shard.id)
        if isinstance(scorer, str | Path):
            chosen = (
                engine_named(engine, folder, compute, len(needed), workers, slurm, OPEN) if needed else None
            )
            failed = _over(stack, chosen, folder, needed, show_progress) if chosen else {}
        else:
            failed = _here(folder, scorer, needed, show_progress=show_progress)
        seconds = time.monotonic() - began
        computed = tuple(shard.id for shard in needed if shard.id not in failed)
        manifest = {} if failed else write_manifest(folder)
        if computed:
            _write_run(folder, seconds, engine, workers, len(computed))
        return Scored(folder.folder, computed, found, failed, manifest, seconds)


def _plan(
    paths: str | Path | Iterable[str | Path],
    scorer: str | Path | Scorer,
    fields: Fields,
    reading: Reading,
    format: Format | None,
    shard_bytes: int,
) -> Plan:
    shards = split(find_sources(paths, format), shard_bytes)
    if isinstance(scorer, str | Path):
        # A path as workers find it, whatever folder they start in; other names as they are.
        name = str(Path(scorer).resolve()) if Path(scorer).exists() else str(scorer)
        hash = scorer_named(name).hash
    else:
        name, hash = "", scorer.hash
    return Plan(shards, name, hash, fields, reading, voices_version(), shard_bytes)


def _alone(stack: ExitStack, lock: Path, *, wait: bool) -> None:
    try:
        stack.enter_context(locked(lock, wait=False))
    except Held as held:
        if not wait:
            raise
        logger.warning("%s scores into this folder: waiting", held.holder or "another process")
        stack.enter_context(locked(lock, wait=True))


def _found(folder: ScoreFolder, *, show_progress: bool) -> tuple[str, ...]:
    """The shards whose scores are there, of this plan, and as they were written."""
    keys = [shard.id for shard in folder.plan.shards]
    stale = [key for key in keys if folder.record(key) and not folder.done(key)]
    if stale:
        logger.warning("%d shards were scored by another model or with other settings: again", len(stale))
    done = [key for key in keys if folder.done(key)]
    sound = []
    with progress("checking what is scored", len(done), "shards", enabled=show_progress) as advance:
        for key in done:
            if told := folder.damage(key):
                logger.warning("%s: it is scored again", told)
            else:
                sound.append(key)
            advance()
    return tuple(sound)


def _over(
    stack: ExitStack, engine: Engine, folder: ScoreFolder, needed: list[Shard], show_progress: bool
) -> dict[str, str]:
    """By the engine's processes."""
    stack.callback(engine.close)
    speed = Speed(folder, needed)
    with progress("scoring", speed.total, "MB", enabled=show_progress) as advance:
        return drive(
            engine,
            folder,
            [shard.id for shard in needed],
            finished=speed.finished,
            waiting=lambda running: advance(*speed.step(running)),
            lost=lambda key, why: logger.warning("%s: %s; it is tried once more", key, why),
            # Whoever has decompressed a file's beginning goes on with its next piece.
            group={shard.id: shard.file.url for shard in needed}.get,
        )


def _here(folder: ScoreFolder, scorer: Scorer, needed: list[Shard], *, show_progress: bool) -> dict[str, str]:
    """In this process, shard by shard."""
    failed = {}
    speed = Speed(folder, needed)
    with progress("scoring", speed.total, "MB", enabled=show_progress) as advance:
        for shard in needed:
            try:
                score_into(folder, shard.id, scorer)
            except Exception as error:
                logger.exception("%s failed", shard.id)
                failed[shard.id] = tell(error)
            else:
                speed.finished(shard.id)
            advance(*speed.step(frozenset()))
    return failed


def _write_run(folder: ScoreFolder, seconds: float, engine: str, workers: int | None, n: int) -> None:
    """What the last run did and what all shards cost: never compared."""
    stages, cpu = costs(folder)
    record = {"seconds": seconds, "engine": engine, "workers": workers, "shards": n, "cpu_seconds": cpu}
    write_json(folder.folder / RUN, {**record, "stages": [asdict(stage) for stage in stages]})
