"""What a judge found, cell by cell: shares of all answers and mean scores, with intervals over questions."""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np
from jaxtyping import Float, Int

from eudaimon.core.score import Score
from eudaimon.evaluate.rows import Row
from eudaimon.measure.intervals import percentile, resample
from eudaimon.measure.resampling import Design

Cell = tuple[str, str, int, int | None]
"""Study, canonical JSON of the cell, seed and step: nothing is pooled over them."""


def summary(rows: Iterable[Row], *, n_resamples: int = 1000, seed: int = 0) -> dict[Cell, dict[str, Score]]:
    """The mean of each metric in each cell, in order of appearance; ``n`` counts questions.

    Whole questions are resampled, since samples of one depend on one another; with a single question there
    is no interval.
    """
    values: dict[Cell, dict[str, list[tuple[str, float]]]] = {}
    for row in rows:
        cell = (row.study, json.dumps(dict(row.cell), sort_keys=True), row.seed, row.step)
        values.setdefault(cell, {}).setdefault(row.metric, []).append((row.question, row.value))
    return {
        cell: {metric: _score(pairs, n_resamples, seed) for metric, pairs in metrics.items()}
        for cell, metrics in values.items()
    }


def _score(pairs: list[tuple[str, float]], n_resamples: int, seed: int) -> Score:
    questions, values = zip(*pairs, strict=True)
    row = np.array(values)
    design = Design.of(len(row), clusters=questions)
    if design.n_units == 1:
        return Score(value=float(row.mean()), n=1)

    def counted(counts: Int[np.ndarray, "b n"]) -> Float[np.ndarray, "b"]:
        means: Float[np.ndarray, "b"] = counts @ row / counts.sum(axis=1)
        return means

    low, high = percentile(resample(counted, design, n_resamples, seed))
    return Score(value=float(row.mean()), low=low, high=high, n=design.n_units)
