"""An order to read in that follows from seeds alone."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int


def order(n: int, seed: int, epoch: int = 0) -> Int[np.ndarray, "n"]:
    """The numbers 0 to ``n - 1``, shuffled by (seed, epoch) and by nothing else.

    Epoch k is had without the epochs before it, so that a run which stopped after ``done`` items of it goes
    on with ``order(n, seed, epoch)[done:]``. Sorted by raw PCG64 output, which numpy promises never to
    change; it does not promise so much of ``Generator.permutation``. ``seed`` and ``epoch`` are 0 or more.
    """
    return np.argsort(np.random.PCG64([seed, epoch]).random_raw(n), kind="stable")
