"""A direction of its own at every layer, from the training examples that a monitor kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from eudaimon.core import Pooling
from eudaimon.core.errors import UsageError
from eudaimon.measure.ranking import auroc
from eudaimon.models.capture import capture
from eudaimon.monitor.monitor import Examples, Monitor
from eudaimon.vectors.direction_set import DirectionSet
from eudaimon.vectors.fit import fit_direction

MOST = 400
"""Examples that are read, half of each label where there are as many: a page has to wait for them."""
LEAST = 8
"""Examples of each label, below which no direction is fitted."""
METHOD = "mean_difference"
POOLING: Pooling = "mean"


@dataclass(frozen=True, eq=False)
class EveryLayer:
    """A direction from safe to harmful at each layer, and how well it tells other examples apart.

    Each was fitted on ``n_fitted`` examples; ``auroc[k]``, in [0, 1] and .5 by chance, is that of the k-th
    direction on ``n_held_out`` others. Both are of the same sources: other sources may be told apart worse.
    """

    directions: DirectionSet
    auroc: tuple[float, ...]
    n_fitted: int
    n_held_out: int


def every_layer(monitor: Monitor, *, most: int = MOST, seed: int = 0) -> EveryLayer:
    """The differences of the means of a monitor's training examples, at each layer of its model.

    One half of ``most`` examples, drawn by ``seed``, is fitted on and the other is held out. Nothing of it
    changes what the monitor says. Raises `UsageError` for a monitor that kept too few examples.
    """
    examples = monitor.examples
    rows = _drawn(examples, most, seed) if examples is not None else np.array([], dtype=np.int64)
    if examples is None or not len(rows):
        raise UsageError(
            f"this monitor kept fewer than {LEAST} training examples of each label",
            right="a monitor that keeps them, or a file with a direction at each layer",
            do="eudaimon vectors extract --all-layers --out runs/directions.safetensors",
        )
    harmful = np.array(examples.harmful)[rows]
    sites = [site for site in monitor.model.sites if site.layer]
    texts = [examples.texts[row] for row in rows]
    read = capture(monitor.model, texts, sites, pooling=POOLING, show_progress=False)
    fitted = _halves(harmful)
    directions = DirectionSet(
        tuple(
            fit_direction(read.take(fitted), harmful[fitted], site, METHOD, pooling=POOLING) for site in sites
        )
    )
    held = read.take(~fitted)
    told = tuple(float(auroc(harmful[~fitted], one.project(held.at(one.site)))) for one in directions)
    return EveryLayer(directions, told, int(fitted.sum()), int((~fitted).sum()))


def _drawn(examples: Examples, most: int, seed: int) -> Int[np.ndarray, "n"]:
    """As many examples of both labels, in a drawn order; none where a label has too few."""
    generator = np.random.default_rng(seed)
    labels = np.array(examples.harmful)
    own = [generator.permutation(np.flatnonzero(labels == label)) for label in (False, True)]
    each = min(most // 2, *map(len, own))
    if each < LEAST:
        return np.array([], dtype=np.int64)
    return np.concatenate([one[:each] for one in own])


def _halves(harmful: np.ndarray) -> np.ndarray:
    """True for every second example of each label."""
    half = np.zeros(len(harmful), dtype=bool)
    for label in (False, True):
        half[np.flatnonzero(harmful == label)[::2]] = True
    return half
