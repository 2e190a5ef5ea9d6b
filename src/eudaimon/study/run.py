"""Run a study: what is finished stays, what is missing is computed, and one failure stops no sibling."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from eudaimon.core.errors import UsageError
from eudaimon.core.files import read_json, write_json
from eudaimon.core.progress import progress
from eudaimon.jobs.engine import Engine
from eudaimon.jobs.failure import forget_failure
from eudaimon.jobs.local import LocalEngine
from eudaimon.jobs.lock import Held, locked
from eudaimon.study.driver import Driver, Event
from eudaimon.study.expectation import expected_seconds
from eudaimon.study.graph import Graph
from eudaimon.study.needs import slurm_needs
from eudaimon.study.step import Step
from eudaimon.study.store import StepStore
from eudaimon.study.work import COMPUTE, DEFINITIONS

logger = logging.getLogger(__name__)

RUN_LOCK = "locks/run.lock"
"""In a study's folder: held by its driver."""

EngineName = Literal["local", "slurm"]


@dataclass(frozen=True)
class Outcome:
    """How a run ended: keys of steps computed now, found finished, failed (with why) and blocked by these."""

    computed: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    failed: dict[str, str] = field(default_factory=dict)
    blocked: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether every target is finished."""
        return not self.failed and not self.blocked


def run_study(
    targets: Iterable[Step],
    folder: str | Path,
    *,
    engine: EngineName = "local",
    workers: int | None = None,
    threads: int = 1,
    gpus: Sequence[str] = (),
    slurm: dict[str, Any] | None = None,
    wait: bool = True,
    name: str = "study",
    watch: Callable[[Event], None] | None = None,
    show_progress: bool = True,
) -> Outcome:
    """Compute what the targets lack in ``folder`` and return how it ended; the same call resumes.

    ``workers`` processes (default: the machine's cores) of ``threads`` each, or Slurm's job arrays with the
    options of ``slurm``. Entries whose hashes are wrong are discarded, said and computed again. A second run
    of the folder waits, or with ``wait=False`` raises `Held`. ``watch`` hears every event; without it, they
    are logged. Raises `UsageError` for steps that workers cannot build and for options that Slurm refuses.
    """
    graph = Graph(targets)
    definitions = graph.definitions
    store = StepStore(folder)
    say = watch or _log
    began = time.monotonic()
    with ExitStack() as stack:
        _alone(stack, store.folder / RUN_LOCK, say, wait=wait)
        store.steps.mkdir(parents=True, exist_ok=True)
        stack.callback(store.clean)
        store.clean()
        found, damaged = _sound(store, graph, say, show_progress=show_progress)
        needed = graph.needed(found, damaged)
        if not needed:
            return Outcome(found=found, seconds=time.monotonic() - began)
        _keep(store.folder / DEFINITIONS, definitions)
        for key in needed:
            forget_failure(store.folder, key)
        seconds = expected_seconds(graph, store)
        chosen = _engine(engine, store, name, graph, needed, workers, threads, gpus, slurm, seconds)
        stack.callback(chosen.close)
        driver = Driver(graph, store, chosen, seconds, needed, say)
        total = max(1, round(sum(seconds[key] for key in needed)))
        with progress(name, total, "s of work", enabled=show_progress) as advance:
            driver.drive(advance)
        return Outcome(
            tuple(driver.computed),
            found,
            driver.failed,
            tuple(driver.blocked),
            time.monotonic() - began,
        )


def _alone(stack: ExitStack, lock: Path, say: Callable[[Event], None], *, wait: bool) -> None:
    """Be the folder's only driver, after a word to a user who has to wait."""
    try:
        stack.enter_context(locked(lock, wait=False))
    except Held as held:
        if not wait:
            raise
        say(Event("waiting", lock.parents[1].name, f"{held.holder or 'another process'} runs this study"))
        stack.enter_context(locked(lock, wait=True))


def _sound(
    store: StepStore, graph: Graph, say: Callable[[Event], None], *, show_progress: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The finished steps whose files are what was written; and the others, which are discarded."""
    finished = [key for key in graph.steps if store.done(key)]
    sound = []
    with progress("checking what is finished", len(finished), "steps", enabled=show_progress) as advance:
        for key in finished:
            if damage := store.damage(key):
                say(Event("damaged", key, f"{damage}; it is computed again"))
                store.discard(key)
            else:
                sound.append(key)
            advance()
    return tuple(sound), tuple(key for key in finished if key not in set(sound))


def _keep(path: Path, definitions: dict[str, dict[str, Any]]) -> None:
    """Add definitions to those of earlier runs, whose jobs may still be queued."""
    known = read_json(path) if path.exists() else {}
    write_json(path, known | definitions)


def _engine(
    name: str,
    store: StepStore,
    study: str,
    graph: Graph,
    needed: set[str],
    workers: int | None,
    threads: int,
    gpus: Sequence[str],
    slurm: dict[str, Any] | None,
    seconds: Mapping[str, float],
) -> Engine:
    if name == "local":
        if workers is not None and workers < 1:
            raise UsageError(f"{workers} workers", right="at least one")
        count = min(workers or len(os.sched_getaffinity(0)), len(needed))
        return LocalEngine(store.folder, COMPUTE, count, threads=threads, gpus=gpus)
    if name == "slurm":
        from eudaimon.jobs.slurm import SlurmEngine

        needs = {key: slurm_needs(graph.steps[key].cost(), seconds[key]) for key in needed}
        return SlurmEngine(store, COMPUTE, study, workers, threads, slurm or {}, seconds, needs)
    raise UsageError(f"there is no engine {name!r}", right="local or slurm")


def _log(event: Event) -> None:
    level = logging.WARNING if event.kind in ("failed", "lost", "damaged", "blocked") else logging.INFO
    logger.log(level, "%s %s %s", event.key, event.kind, event.text)
    for line in event.lines:
        logger.log(level, "    %s", line)
