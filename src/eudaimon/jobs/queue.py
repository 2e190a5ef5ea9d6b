"""What Slurm's queue says: without accounting, ``squeue`` shows the jobs that wait or run and no others."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass

from eudaimon.core.errors import UsageError

PATIENCE_SECONDS = 30


@dataclass(frozen=True)
class Job:
    """One job that waits or runs: id (``12`` or ``12_3``), name, place in its array, state, why it waits."""

    id: str
    name: str
    index: int
    state: str
    reason: str


def queued() -> tuple[Job, ...] | None:
    """This user's jobs that wait or run; None when the controller does not answer, which says nothing."""
    command = ["squeue", "--noheader", "--array", "--user", str(os.getuid()), "--format", "%i|%j|%K|%T|%r"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True)
    except (subprocess.SubprocessError, OSError):
        return None
    jobs = []
    for line in said.stdout.splitlines():
        number, name, index, state, reason = (*line.split("|"), "", "", "", "")[:5]
        jobs.append(Job(number, name, int(index) if index.isdigit() else 0, state, reason))
    return tuple(jobs)


def cancel(jobs: list[Job]) -> None:
    """Take jobs out of the queue."""
    if jobs:
        subprocess.run(
            ["scancel", *(job.id for job in jobs)], capture_output=True, timeout=PATIENCE_SECONDS, check=False
        )


def require_slurm() -> None:
    """Nothing where Slurm is installed; raises `UsageError` elsewhere."""
    missing = [program for program in ("sbatch", "srun", "squeue") if shutil.which(program) is None]
    if missing:
        raise UsageError(
            f"there is no {', '.join(missing)} on this machine",
            right="a machine that submits to Slurm",
            do="--engine local",
        )
