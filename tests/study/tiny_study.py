"""A small study as a program: ``python tiny_study.py FOLDER ENGINE N_SEEDS``, one line an event."""

from __future__ import annotations

import sys
from pathlib import Path

from tiny_steps import Mixed, Seeded

from eudaimon.study.run import run_study


def targets(n_seeds: int = 24) -> tuple[Mixed, ...]:
    """Mixtures over seeded steps, and one step over all of these."""
    seeded = [Seeded(seed=seed, pause=0.15) for seed in range(n_seeds)]
    mixed = [
        Mixed(parts=tuple(seeded[k : k + 4]), name=f"m{k}", pause=0.05) for k in range(0, n_seeds - 3, 2)
    ]
    return (Mixed(parts=tuple(mixed), name="all"),)


if __name__ == "__main__":
    outcome = run_study(
        targets(int(sys.argv[3])),
        sys.argv[1],
        engine=sys.argv[2],  # type: ignore[arg-type]
        workers=2,
        name=Path(sys.argv[1]).name,
        watch=lambda event: print(event.kind, event.key, flush=True),
    )
    sys.exit(0 if outcome.ok else 1)
