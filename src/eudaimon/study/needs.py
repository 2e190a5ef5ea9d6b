"""What a step asks of a cluster, from what it is expected to take."""

from __future__ import annotations

from math import ceil
from typing import Any

from eudaimon.study.step import Cost

SMALL_GB = 4.0
"""Memory that every cluster gives unasked: steps below it ask for nothing, and share tasks."""
USUAL_HOURS = 1.0
SPARE = 3.0
"""An estimate may be too low by so much."""


def slurm_needs(cost: Cost, seconds: float) -> dict[str, Any]:
    """Options of sbatch for a step of this cost: GPUs, memory, and minutes where it takes over an hour."""
    needs: dict[str, Any] = {}
    if cost.gpus:
        needs["gpus_per_node"] = cost.gpus
    if cost.memory_gb > SMALL_GB:
        needs["mem"] = f"{ceil(cost.memory_gb)}GB"
    if seconds > USUAL_HOURS * 3600:
        needs["time"] = ceil(SPARE * seconds / 3600) * 60
    return needs
