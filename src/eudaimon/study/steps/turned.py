"""Where a LoRA's weights turned in its training, read from its checkpoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from eudaimon.measure.turning import LAGS
from eudaimon.models.adapters.track import b_track, middle_module, saved_steps, whole_track
from eudaimon.study.records import TurnRow
from eudaimon.study.summary.turns import turn

TURNS = "turns.json"
WHOLE_B = "all modules"


def adapter_turns(
    folder: str | Path,
    *,
    lags: Sequence[int] = LAGS,
    n_permutations: int = 200,
    seed: int = 0,
) -> tuple[TurnRow, ...]:
    """The local cosines of a trained LoRA's B at ``lags`` training steps, its place in a study left empty.

    First of all modules taken as one vector (signed), then of the middle module alone: the cosine of its B
    at rank 1, principal angles between column spaces at any other rank. It starts from zero. Lags that are no
    whole number of checkpoints, or for which too few were kept, are left out; without any there is no row.
    """
    saved = equally_apart(saved_steps(folder))
    if not saved:
        return ()
    steps = (0, *saved)
    apart = steps[1]
    usable = [lag // apart for lag in lags if lag % apart == 0 and 2 * lag // apart < len(steps)]
    if not usable:
        return ()
    folders, module = list(saved.values()), middle_module(next(iter(saved.values())))
    tracks = {WHOLE_B: whole_track(folders), module: b_track(folders, module)}
    return tuple(
        turn(
            _from_zero(track),
            steps,
            row="",
            column="",
            module=name,
            run_seed=0,
            lags=usable,
            n_permutations=n_permutations,
            seed=seed,
        )
        for name, track in tracks.items()
    )


def equally_apart(saved: Mapping[int, Path]) -> dict[int, Path]:
    """The checkpoints at whole multiples of the first one's step, up to the first that is missing."""
    return dict(_multiples(saved))


def _multiples(saved: Mapping[int, Path]) -> Iterator[tuple[int, Path]]:
    apart = min(saved, default=0)
    step = apart
    while step in saved:
        yield step, saved[step]
        step += apart


def _from_zero(track: Float[np.ndarray, "times *shape"]) -> Float[np.ndarray, "more *shape"]:
    """The track with where every B starts: zero."""
    return np.concatenate([np.zeros_like(track[:1]), track])
