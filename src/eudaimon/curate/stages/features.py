"""Features of excerpts on disk: what an encoder has read once is not read again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from eudaimon.core.files import atomic_path
from eudaimon.core.progress import progress
from eudaimon.curate.stages.excerpt import Excerpt
from eudaimon.curate.stages.reading import Encoder

PART = 4096
"""Excerpts of a part: what a killed run loses at most."""


def cached_features(
    encoder: Encoder, excerpts: Sequence[Excerpt], cache: str | Path | None, *, show_progress: bool = True
) -> Float[np.ndarray, "n features"]:
    """`Encoder.features` of the excerpts, in order, of which those in the folder ``cache`` are read there.

    What is not there is computed and added, a part of `PART` excerpts at a time. A part belongs to one
    encoder and reach, so that one folder serves several. None computes all of them.
    """
    folder = None if cache is None else Path(cache) / encoder.hash
    keys = [item.hash for item in excerpts]
    values = np.zeros((len(keys), encoder.n_features), dtype=np.float16)
    missing = np.ones(len(keys), dtype=bool)
    places: dict[str, list[int]] = {}
    for place, key in enumerate(keys):
        places.setdefault(key, []).append(place)
    for part in sorted(folder.glob("*.npz")) if folder is not None else ():
        with np.load(part, allow_pickle=False) as stored:
            for row, key in zip(stored["values"], stored["keys"].tolist(), strict=True):
                for place in places.get(key, ()):
                    values[place], missing[place] = row, False
    new = [owners[0] for owners in places.values() if missing[owners[0]]]
    with progress("encoder", len(new), "segments", enabled=show_progress) as advance:
        for start in range(0, len(new), PART):
            chosen = new[start : start + PART]
            made = encoder.features([excerpts[place] for place in chosen])
            if folder is not None:
                _write(folder, [keys[place] for place in chosen], made)
            for place, row in zip(chosen, made, strict=True):
                values[places[keys[place]]] = row
            advance(len(chosen))
    return values


def _write(folder: Path, keys: list[str], values: np.ndarray) -> None:
    # Named by its first excerpt: parts of different runs never replace each other unless they are equal.
    with atomic_path(folder / f"{keys[0]}-{len(keys)}.npz") as temporary, temporary.open("wb") as stream:
        np.savez(stream, keys=np.array(keys), values=values)
