"""A small study as a program: ``python tiny_study.py FOLDER ENGINE``, one line an event."""

from __future__ import annotations

import sys

from tiny_steps import Mixed, Seeded

from eudaimon.study.run import run_study


def targets(pause: float = 0.15) -> tuple[Mixed, ...]:
    """Two rows of mixtures over seeded steps, and one step over all of them."""
    seeded = [Seeded(seed=seed, pause=pause) for seed in range(24)]
    mixed = [Mixed(parts=tuple(seeded[k : k + 4]), name=f"m{k}", pause=pause / 3) for k in range(0, 21, 2)]
    return (Mixed(parts=tuple(mixed), name="all"),)


if __name__ == "__main__":
    outcome = run_study(
        targets(),
        sys.argv[1],
        engine=sys.argv[2],  # type: ignore[arg-type]
        workers=2,
        watch=lambda event: print(event.kind, event.key, flush=True),
    )
    sys.exit(0 if outcome.ok else 1)
