"""Where a training turned: local cosines of one module's saved weights, as the report draws them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from eudaimon.core.errors import UsageError
from eudaimon.measure.turning import LAGS, cosine_dip
from eudaimon.study.records import TurnRow


def turn(
    weights: Float[np.ndarray, "times rows columns"],
    steps: Sequence[int],
    *,
    row: str,
    column: str,
    module: str,
    run_seed: int,
    lags: Sequence[int] = LAGS,
    n_permutations: int = 1000,
    seed: int = 0,
) -> TurnRow:
    """The local cosines of a module's weights (the B of its LoRA) at each saved step, with the dip's null.

    ``lags`` count saved steps, as `measure.cosine_dip`; the record has them in training steps. ``run_seed``
    is that of the training, ``seed`` that of the permutations. A turn takes two lags to pass: save four times
    the longest lag or more. Raises `UsageError` when steps are not equally far apart, when their number is
    not that of the weights, and as `cosine_dip`.
    """
    apart = np.diff(steps)
    if len(steps) != len(weights) or len(apart) == 0 or (apart != apart[0]).any():
        raise UsageError(
            f"{len(weights)} saved weights at steps {list(steps)}",
            right="one step for each, equally far apart",
            do="leave out what was saved between",
        )
    found = cosine_dip(weights, lags=lags, n_permutations=n_permutations, seed=seed, show_progress=False)
    return TurnRow(
        row=row,
        column=column,
        module=module,
        seed=run_seed,
        steps=tuple(int(step) for step in steps),
        lags=tuple(int(lag * apart[0]) for lag in found.lags),
        cosines=tuple(tuple(None if np.isnan(c) else float(c) for c in line) for line in found.cosines),
        at=tuple(int(steps[time]) for time in found.at),
        depth=tuple(float(depth) for depth in found.depth),
        p=tuple(float(p) for p in found.p),
        p_all=found.p_all,
        n_permutations=found.n_permutations,
    )
