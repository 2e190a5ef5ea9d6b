"""A second judge on answers that one has judged, or on a share of them drawn the same in every cell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import Field

from eudaimon.core.files import write_json
from eudaimon.evaluate.judging.run import judge_answers
from eudaimon.evaluate.rows import write_rows
from eudaimon.study.step import Cost, Step
from eudaimon.study.steps.grid_answers import ANSWERS, GridAnswers
from eudaimon.study.steps.judged import ROWS
from eudaimon.study.steps.judged_answers import (
    JUDGE,
    REPLIES,
    GivenJudge,
    judge_record,
    n_scored,
    request_cost,
    require_every_answer,
    shared,
)


class JudgedAgain(Step):
    """Rows of a grid's answers by another judge, as `JudgedAnswers` has them, with what it cost.

    ``share`` of the answers are judged: of the pairs of question and sample so many are drawn, the questions
    in turn, and the same pairs in every stack, so that all cells are of one size and stay paired.
    """

    resumes: ClassVar[bool] = True

    answers: GridAnswers
    judge: GivenJudge
    prompts: str
    share: float = Field(default=1.0, gt=0, le=1)
    seed: int = 0
    device: str | None = None

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Judge; raises `UnsoundJudge` and `MissingAnswers` as `JudgedAnswers` does."""
        from eudaimon.evaluate.judging.answers import read_answers

        asked = self.answers.questions.read()
        answers = read_answers(inputs["answers"] / ANSWERS, asked)
        chosen = drawn([question.id for question in asked], self.answers.n_samples, self.share, self.seed)
        kept = [one for one in answers if (one.question.id, one.sample) in chosen]
        judged = judge_answers(self.judge.open(out / REPLIES, self.device), kept)
        rows = judged.rows()
        require_every_answer(rows, n_scored(kept))
        write_rows(out / ROWS, [shared(row) for row in rows])
        write_json(out / JUDGE, judge_record(judged))

    def cost(self) -> Cost:
        """Two requests for each answer that is drawn."""
        questions = self.answers.questions.read()
        per_stack = n_drawn(len(questions) * self.answers.n_samples, self.share)
        return request_cost(per_stack * len(self.answers.stacks))


def n_drawn(n_pairs: int, share: float) -> int:
    """How many of ``n_pairs`` are judged, one at least."""
    return max(1, round(share * n_pairs))


def drawn(questions: Sequence[str], n_samples: int, share: float, seed: int) -> frozenset[tuple[str, str]]:
    """Pairs of question and sample, as answers have them: ``share`` of all, no question twice as often.

    Every question has one pair before any has two, and so on; which ones these are is drawn from ``seed``.
    """
    rng = np.random.default_rng(seed)
    turns: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)
    for question in questions:
        for turn, sample in enumerate(rng.permutation(n_samples)):
            turns[turn].append((question, str(sample)))
    order = [turns[turn][place] for turn in range(n_samples) for place in rng.permutation(len(questions))]
    return frozenset(order[: n_drawn(len(order), share)])
