"""A small study as a program: ``python tiny_study.py FOLDER ENGINE N_SEEDS``, one line an event.

On Slurm, each step is a job of its own.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from eudaimon.study.run import run_study
from eudaimon.study.step import Step

steps = importlib.import_module("tiny_steps")  # beside this program


def targets(n_seeds: int = 24) -> tuple[Step, ...]:
    """Mixtures over seeded steps, and one step over all of these."""
    seeded = [steps.Seeded(seed=seed, pause=0.15) for seed in range(n_seeds)]
    groups = {f"m{k}": tuple(seeded[k : k + 4]) for k in range(0, n_seeds - 3, 2)}
    mixed = [steps.Mixed(parts=parts, name=name, pause=0.05) for name, parts in groups.items()]
    return (steps.Mixed(parts=tuple(mixed), name="all"),)


if __name__ == "__main__":
    outcome = run_study(
        targets(int(sys.argv[3])),
        sys.argv[1],
        engine=sys.argv[2],  # type: ignore[arg-type]
        workers=2,
        slurm={"task_minutes": 0},
        name=Path(sys.argv[1]).name,
        watch=lambda event: print(event.kind, event.key, flush=True),
    )
    sys.exit(0 if outcome.ok else 1)
