"""Cosines of directions over the seeds of a study, with an interval over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy import stats

from eudaimon.core import Score
from eudaimon.study.transfer_records import TransferCosine


def cosine_rows(by_seed: Sequence[Sequence[Mapping[str, Any]]], variant: str, layer: int) -> dict[str, Any]:
    """``cosines``, ``chance`` and ``shuffled`` of one variant and layer, as `Transfers` has them.

    The interval is Student's over seeds, cut to [-1, 1]; one seed has none.
    """
    wanted = [
        entry for seed in by_seed for entry in seed if (entry["variant"], entry["layer"]) == (variant, layer)
    ]
    names = (
        [name for name in wanted[0]["names"] if all(name in entry["names"] for entry in wanted)]
        if wanted
        else []
    )
    rows = []
    for k, a in enumerate(names):
        for b in names[k + 1 :]:
            values = np.array([_at(entry, a, b) for entry in wanted])
            rows.append(TransferCosine(a=a, b=b, cosine=_score(values)))
    if not rows:
        return {}
    shuffled = [value for entry in wanted for value in entry["shuffled"]]
    return {
        "cosines": tuple(rows),
        "chance": float(wanted[0]["chance"]),
        "shuffled": float(np.quantile(shuffled, 0.95)) if shuffled else None,
    }


def _at(entry: Mapping[str, Any], a: str, b: str) -> float:
    return float(entry["values"][entry["names"].index(a)][entry["names"].index(b)])


def _score(values: Float[np.ndarray, "seeds"]) -> Score:
    mean, n = float(values.mean()), len(values)
    if n < 2:
        return Score(value=mean, n=n)
    reach = float(stats.t.ppf(0.975, n - 1)) * float(values.std(ddof=1)) / sqrt(n)
    return Score(value=mean, low=max(mean - reach, -1.0), high=min(mean + reach, 1.0), n=n)
