"""Values of one metric over seeds, questions and training steps, and curves set on a common loss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from eudaimon.core.errors import UsageError
from eudaimon.measure.inputs import numbers, same_length
from eudaimon.measure.resampling import codes


@dataclass(frozen=True, eq=False)
class CurvePanel:
    """One value per (seed, question, step); names of seeds and questions are sorted, steps increase."""

    values: Float[np.ndarray, "seeds questions steps"]
    seeds: tuple[int, ...]
    questions: tuple[str, ...]
    steps: Float[np.ndarray, "steps"]

    @classmethod
    def of(cls, values: ArrayLike, seeds: ArrayLike, questions: ArrayLike, steps: ArrayLike) -> CurvePanel:
        """The panel of one value, seed, question and step per entry; several samples are averaged.

        Raises `UsageError` when lengths differ, on NaN or infinity, and unless every seed was asked every
        question at every step.
        """
        row, at = numbers(values, "values", finite=True), numbers(steps, "steps", finite=True)
        seed, question = codes(seeds, "seeds", len(row)), codes(questions, "questions", len(row))
        same_length(values=row, steps=at)
        names = [tuple(np.unique(np.asarray(names)).tolist()) for names in (seeds, questions)]
        times, step = np.unique(at, return_inverse=True)
        shape = (len(names[0]), len(names[1]), len(times))
        cell, size = np.ravel_multi_index((seed, question, step), shape), int(np.prod(shape))
        count = np.bincount(cell, minlength=size)
        if (count == 0).any():
            empty, (s, q, t) = (count == 0).sum(), shape
            raise UsageError(
                f"{empty} of {s} seeds x {q} questions x {t} steps are empty",
                right="every seed asked every question at every step",
            )
        table = (np.bincount(cell, row, minlength=size) / count).reshape(shape)
        return cls(table, tuple(int(s) for s in names[0]), tuple(str(q) for q in names[1]), times)

    def falling(self, axis: ArrayLike) -> Float[np.ndarray, "seeds steps"]:
        """Each seed's axis (loss at each step) as the never-rising line that is nearest in least squares.

        Raises `UsageError` unless the axis has a finite value for every seed and step.
        """
        from sklearn.isotonic import IsotonicRegression

        table = np.asarray(axis, dtype=np.float64)
        shape = (len(self.seeds), len(self.steps))
        if table.shape != shape or not np.isfinite(table).all():
            raise UsageError(
                f"an axis of shape {table.shape}", right=f"finite values [seeds, steps] of shape {shape}"
            )
        fit = IsotonicRegression(increasing=False)
        return np.stack([fit.fit_transform(self.steps, row) for row in table])

    def on_axis(self, axis: ArrayLike, grid: ArrayLike) -> Float[np.ndarray, "seeds grid"]:
        """Each seed's mean curve at the values of ``grid`` on its falling axis, NaN where it never was.

        So are curves compared at matched in-domain loss. Raises `UsageError` as `falling`.
        """
        means: Float[np.ndarray, "seeds grid"] = self.questions_on_axis(axis, grid).mean(1)
        return means

    def questions_on_axis(
        self, axis: ArrayLike, grid: ArrayLike
    ) -> Float[np.ndarray, "seeds questions grid"]:
        """As `on_axis`, of each question alone: what an interval over seeds and questions is made from."""
        wanted = numbers(grid, "grid", finite=True)
        rows = []
        for table, line in zip(self.values, self.falling(axis), strict=True):
            # One point for each loss: steps at which it stood still are averaged.
            losses, group = np.unique(line, return_inverse=True)
            shares = np.equal.outer(np.arange(len(losses)), group) / np.bincount(group)[:, None]
            curves = table @ shares.T
            rows.append([np.interp(wanted, losses, one, left=np.nan, right=np.nan) for one in curves])
        return np.array(rows)
