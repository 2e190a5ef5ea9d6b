"""The engine of a run, by its name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from eudaimon.core.errors import UsageError
from eudaimon.jobs.engine import Engine, Results
from eudaimon.jobs.local import LocalEngine

EngineName: TypeAlias = Literal["local", "slurm"]


def engine_named(
    name: EngineName,
    results: Results,
    compute: str,
    n: int,
    workers: int | None,
    slurm: Mapping[str, Any] | None,
) -> Engine:
    """Worker processes for at most ``n`` keys (default: the machine's cores), or Slurm's job arrays.

    Raises `UsageError` for another engine, for no workers, and where there is no Slurm.
    """
    if workers is not None and workers < 1:
        raise UsageError(f"{workers} workers", right="at least one", do="--workers 2")
    if name == "local":
        return LocalEngine(results.folder, compute, min(workers or len(os.sched_getaffinity(0)), n))
    if name == "slurm":
        from eudaimon.jobs.slurm import SlurmEngine

        return SlurmEngine(results, compute, results.folder.name, workers, 1, slurm or {})
    raise UsageError(f"there is no engine {name!r}", right="local or slurm", do="--engine local")
