"""Rows of a study that nobody trained: known means, known noise of seeds and questions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pytest

from eudaimon.evaluate.rows import Row
from eudaimon.monitor.records import RunInfo


def _synthetic(
    means: Mapping[str, float],
    *,
    column: str = "em",
    metric: str = "harm",
    scope: str = "other",
    n_seeds: int = 5,
    n_questions: int = 30,
    seed_sd: float = 0.02,
    question_sd: float = 0.05,
    noise: float = 0.02,
    step: int | None = None,
    rng_seed: int = 0,
) -> Iterator[Row]:
    """Rows in which each arm's mean is known; what a seed and a question add is the same for all arms."""
    rng = np.random.default_rng(rng_seed)
    of_seed, of_question = rng.normal(0, seed_sd, n_seeds), rng.normal(0, question_sd, n_questions)
    for arm, mean in means.items():
        for seed in range(n_seeds):
            for question in range(n_questions):
                value = mean + of_seed[seed] + of_question[question] + rng.normal(0, noise)
                yield Row(
                    study="synthetic",
                    cell={"arm": arm, "attack": column, "scope": scope},
                    seed=seed,
                    step=step,
                    question=f"q{question}",
                    sample="",
                    metric=metric,
                    value=float(np.clip(value, 0, 1)),
                    judge="exact",
                    subject="s",
                )


@pytest.fixture(scope="session")
def synthetic():
    return _synthetic


@pytest.fixture(scope="session")
def run_info():
    return RunInfo(
        command="eudaimon study run synthetic",
        started="2026-11-21T12:00:00+00:00",
        seconds=12.0,
        versions={"eudaimon": "0"},
        machine="two cores",
        seeds={"world": 0},
        data=(),
    )
