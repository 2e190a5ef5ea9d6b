"""What the costs of a model without a town are read on: packaged texts, the user's own, and a judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from eudaimon.core.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from eudaimon.core.document import Document
    from eudaimon.evaluate.judging.judge import AnswerJudge
    from eudaimon.evaluate.open.ground import OpenGround

T = TypeVar("T")

TASKS = ("arc_easy", "hellaswag", "piqa")


@dataclass(frozen=True)
class OpenCosts:
    """Settings of the costs outside of the town.

    Without a ``judge`` refusals are read by phrases alone and stories are not judged. ``texts`` are the
    user's own, by name: their bits stand beside those of the packaged passages. Of every set of questions at
    most ``most`` are asked (None: all), drawn by ``seed``, each answered ``n_samples`` times, stories
    ``n_stories`` times. ``tasks`` are names of lm-evaluation-harness, of which the first ``most`` questions
    each are asked; ``tasks_from`` is a folder with tasks of one's own.
    """

    judge: AnswerJudge | None = None
    texts: Mapping[str, Sequence[Document]] = field(default_factory=dict)
    most: int | None = None
    n_samples: int = 1
    n_stories: int = 4
    max_new_tokens: int = 128
    temperature: float = 1.0
    seed: int = 0
    tasks: tuple[str, ...] = TASKS
    tasks_from: Path | None = None

    def __post_init__(self) -> None:
        counts = (self.n_samples, self.n_stories, self.max_new_tokens)
        if min(counts) < 1 or (self.most is not None and self.most < 1):
            raise UsageError("less than one question, sample or token is asked for", right="1 or more")

    @classmethod
    def of(cls, ground: OpenGround, **settings: Any) -> OpenCosts:
        """The judge, sampling and seed of the ground of attacks; ``settings`` are further fields of this."""
        own = {
            "judge": ground.judge,
            "max_new_tokens": ground.max_new_tokens,
            "temperature": ground.temperature,
            "seed": ground.seed,
        }
        return cls(**{**own, **settings})

    @property
    def name(self) -> str:
        """``open``: what identifies the ground in records."""
        return "open"

    def drawn(self, rows: Sequence[T]) -> tuple[T, ...]:
        """At most ``most`` of the rows, in their order: the same ones for every model."""
        if self.most is None or self.most >= len(rows):
            return tuple(rows)
        picked = np.random.default_rng(self.seed).permutation(len(rows))[: self.most]
        return tuple(rows[index] for index in sorted(picked.tolist()))
