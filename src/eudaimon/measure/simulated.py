"""Grids of arms, seeds, questions and samples with a known effect, to hold the statistics against."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from jaxtyping import Float
from scipy.special import expit

from eudaimon.core.errors import UsageError
from eudaimon.measure.panel import Panel


@dataclass(frozen=True)
class Grid:
    """A design, its base rate in log odds, and standard deviations of random effects in log odds.

    The difference between two arms varies by ``question_arm`` between questions and by ``seed_arm`` between
    seeds; ``cell`` is what one arm, seed and question has of its own.
    """

    n_seeds: int = 5
    n_questions: int = 60
    n_samples: int = 10
    base: float = -1.5
    question: float = 1.2
    question_arm: float = 0.5
    seed: float = 0.3
    seed_arm: float = 0.4
    cell: float = 0.4

    def rate(self, effect: float = 0.0) -> float:
        """The share of hits in [0, 1] over all questions and seeds, of an arm at base + ``effect``."""
        nodes, weights = np.polynomial.hermite_e.hermegauss(80)
        return float(weights @ expit(self.base + effect + self._spread * nodes) / weights.sum())

    def points(self, effect: float) -> float:
        """The true difference of shares between an arm with ``effect`` / 2 and one with -``effect`` / 2."""
        return self.rate(effect / 2) - self.rate(-effect / 2)

    def effect_of(self, points: float) -> float:
        """The effect in log odds whose difference of shares is ``points``; raises `UsageError` if none is."""
        low, high = 0.0, 20.0
        if not 0 <= points < self.points(high):
            raise UsageError(
                f"no effect makes a difference of {points}", right=f"0 to {self.points(high):.3f}"
            )
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if self.points(middle) < points else (low, middle)
        return high

    def draw(
        self, effects: tuple[float, ...], n_tables: int, seed: int
    ) -> Float[np.ndarray, "tables arms seeds questions"]:
        """Hits of ``n_samples`` samples in each cell, for arms at ``base`` plus these effects.

        Arms share questions and seeds, as in a paired design.
        """
        rng = np.random.default_rng(seed)
        arms, s, q = len(effects), self.n_seeds, self.n_questions

        def normal(sd: float, *shape: int) -> Float[np.ndarray, "..."]:
            return sd * rng.normal(size=(n_tables, *shape))

        eta = (
            self.base
            + np.array(effects)[:, None, None]
            + normal(self.question, 1, 1, q)
            + normal(self.question_arm / sqrt(2), arms, 1, q)
            + normal(self.seed, 1, s, 1)
            + normal(self.seed_arm / sqrt(2), arms, s, 1)
            + normal(self.cell, arms, s, q)
        )
        hits: Float[np.ndarray, "tables arms seeds questions"] = rng.binomial(
            self.n_samples, expit(eta)
        ).astype(np.float64)
        return hits

    def panel(self, hits: Float[np.ndarray, "seeds questions"]) -> Panel:
        """One arm's hits as a panel of shares."""
        seeds, questions = (index.ravel() for index in np.indices(hits.shape))
        names = tuple(f"q{k:04}" for k in range(self.n_questions))
        return Panel(hits.ravel() / self.n_samples, seeds, questions, tuple(range(self.n_seeds)), names)

    @property
    def _spread(self) -> float:
        arm = (self.question_arm**2 + self.seed_arm**2) / 2
        return sqrt(self.question**2 + self.seed**2 + self.cell**2 + arm)
