"""The engine of a run, by its name."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from eudaimon.core.errors import UsageError
from eudaimon.jobs.engine import Engine, Results
from eudaimon.jobs.forked import ForkedEngine, can_fork, prepare
from eudaimon.jobs.local import LocalEngine

EngineName: TypeAlias = Literal["local", "slurm"]


def start_early(name: EngineName, compute: str, modules: Sequence[str] = ()) -> None:
    """Let the process that an engine's workers come from start and import now, while the caller plans."""
    if name == "local" and can_fork():
        prepare(compute, modules)


def engine_named(
    name: EngineName,
    results: Results,
    compute: str,
    n: int,
    workers: int | None,
    slurm: Mapping[str, Any] | None,
    warm: str,
) -> Engine:
    """Worker processes for at most ``n`` keys (default: the machine's cores), or Slurm's job arrays.

    Several processes share the memory of what the function ``warm`` of the folder opens, which is called
    once. Raises `UsageError` for another engine, for no workers, and where there is no Slurm.
    """
    if workers is not None and workers < 1:
        raise UsageError(f"{workers} workers", right="at least one", do="--workers 2")
    if name == "local":
        count = min(workers or len(os.sched_getaffinity(0)), n)
        if can_fork():
            return ForkedEngine(results.folder, compute, count, warm, keep=True)
        return LocalEngine(results.folder, compute, count)
    if name == "slurm":
        from eudaimon.jobs.slurm import SlurmEngine

        return SlurmEngine(results, compute, results.folder.name, workers, 1, slurm or {})
    raise UsageError(f"there is no engine {name!r}", right="local or slurm", do="--engine local")
