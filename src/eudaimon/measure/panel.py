"""Values of one metric over seeds and questions, as the statistics of a study read them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from eudaimon.core.errors import UsageError
from eudaimon.measure.inputs import numbers, same_length
from eudaimon.measure.resampling import codes


@dataclass(frozen=True, eq=False)
class Panel:
    """One value per (seed, question), in the order of `of`; ``seeds`` and ``questions`` are sorted names.

    ``seed[k]`` and ``question[k]`` are the indices of value k in them. Samples of one question were averaged
    before: they say nothing about other questions.
    """

    values: Float[np.ndarray, "n"]
    seed: Int[np.ndarray, "n"]
    question: Int[np.ndarray, "n"]
    seeds: tuple[int, ...]
    questions: tuple[str, ...]

    @classmethod
    def of(cls, values: ArrayLike, seeds: ArrayLike, questions: ArrayLike) -> Panel:
        """The panel of one value, one seed and one question name per entry; several samples are averaged.

        Raises `UsageError` when lengths differ and on NaN or infinity.
        """
        row = numbers(values, "values", finite=True)
        seed, question = codes(seeds, "seeds", len(row)), codes(questions, "questions", len(row))
        same_length(values=row, seeds=seed, questions=question)
        names = np.unique(np.asarray(questions)).astype(str)
        cell, first = np.unique(seed * len(names) + question, return_inverse=True)
        means = np.bincount(first, row) / np.bincount(first)
        return cls(
            values=means,
            seed=cell // len(names),
            question=cell % len(names),
            seeds=tuple(int(name) for name in np.unique(np.asarray(seeds))),
            questions=tuple(str(name) for name in names),
        )

    def __len__(self) -> int:
        return len(self.values)

    @property
    def is_crossed(self) -> bool:
        """Whether every seed was asked every question."""
        return len(self) == len(self.seeds) * len(self.questions)

    @cached_property
    def seed_means(self) -> Float[np.ndarray, "seeds"]:
        """The mean over questions of each seed, in the order of ``seeds``."""
        means: Float[np.ndarray, "seeds"] = np.bincount(self.seed, self.values) / np.bincount(self.seed)
        return means

    @property
    def mean(self) -> float:
        """The mean of the seeds' means: every seed counts the same."""
        return float(self.seed_means.mean())

    def minus(self, other: Panel) -> Panel:
        """This panel's values minus the other's at the same seed and question.

        Raises `UsageError` that names a seed or question which only one of them has.
        """
        for what, mine, theirs in (
            ("seeds", self.seeds, other.seeds),
            ("questions", self.questions, other.questions),
        ):
            alone = sorted(map(str, set(mine) ^ set(theirs)))
            if alone:
                raise UsageError(
                    f"the arms do not share {len(alone)} of their {what}: {', '.join(alone[:5])}",
                    right="a paired contrast needs the same seeds and questions in both arms",
                )
        if not (np.array_equal(self.seed, other.seed) and np.array_equal(self.question, other.question)):
            raise UsageError(
                "the arms were asked different questions at the same seed",
                right="a paired contrast needs the same seeds and questions in both arms",
            )
        return Panel(self.values - other.values, self.seed, self.question, self.seeds, self.questions)

    def shared(self) -> Panel:
        """The panel of those questions that every seed has a value of; itself where that is all of them.

        Raises `UsageError` when there is no such question.
        """
        if self.is_crossed:
            return self
        everywhere = np.bincount(self.question, minlength=len(self.questions)) == len(self.seeds)
        kept = everywhere[self.question]
        if not kept.any():
            raise UsageError("no question has a value of every seed", right="one question at least")
        names = np.asarray(self.questions)[self.question[kept]]
        return Panel.of(self.values[kept], np.asarray(self.seeds)[self.seed[kept]], names)
