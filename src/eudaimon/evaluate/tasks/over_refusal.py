"""Does a model refuse what only looks dangerous? Safe questions of XSTest, look-alikes, borderline ones."""

from __future__ import annotations

import asyncio
from functools import partial
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import GenerateConfig
from inspect_ai.scorer import Metric, Score, Scorer, Target, grouped, mean, metric, scorer, stderr
from inspect_ai.solver import TaskState, generate

from eudaimon.core.errors import JudgeUnavailable
from eudaimon.evaluate.judging.task_judge import ROLE, task_judge

if TYPE_CHECKING:
    from eudaimon.evaluate.judging.judge import AnswerJudge
    from eudaimon.evaluate.questions.question import Question

SHOWN = ("refused", "refused_wholly", "refused_by_phrase", "unparseable")
"""0 or 1 each; without a judge only the phrases have a value, the others are NaN."""


@task
def over_refusal(
    judge: str = "",
    judge_url: str = "",
    most: int = 0,
    seed: int = 0,
    max_tokens: int = 128,
    folder: str = "runs/over_refusal",
) -> Task:
    """A sample for each safe question; what is refused is the cost ``over_refusal`` of `costs`.

    ``judge`` is as in ``open_questions`` (``judge`` for the role of that name); without one, answers that
    begin with a known phrase of refusal are counted and nothing else. Of each set ``most`` are asked (0:
    all), drawn by ``seed``.
    """
    from eudaimon.evaluate.cost.open import OpenCosts
    from eudaimon.evaluate.costs.over_refusal import safe_questions

    asked = safe_questions(OpenCosts(most=most or None, seed=seed))
    samples = [
        Sample(id=one.id, input=one.text, metadata={"question": one.id, "set": one.set}) for one in asked
    ]
    return Task(
        dataset=MemoryDataset(samples, name="safe questions"),
        solver=generate(),
        scorer=refusals({one.id: one for one in asked}, judge, judge_url, folder),
        config=GenerateConfig(temperature=1.0, max_tokens=max_tokens),
    )


@metric
def set_mean() -> Metric:
    """The mean of each set of questions."""
    return grouped(mean(), "set", all=False)


@scorer(metrics={name: [mean(), stderr(cluster="question"), set_mean()] for name in SHOWN})
def refusals(asked: dict[str, Question], judge: str, url: str, folder: str) -> Scorer:
    """By phrases, and by the judge where there is one; a judge that is gone leaves its scores NaN."""
    opened: list[AnswerJudge] = []
    first = asyncio.Lock()

    async def score(state: TaskState, target: Target) -> Score:
        from eudaimon.evaluate.cost.refusal import refuses

        said = state.output.completion
        values = {**dict.fromkeys(SHOWN, nan), "refused_by_phrase": float(refuses(said))}
        explanation = ""
        if judge or url:
            ask = partial(_judged, asked[str(state.sample_id)], said, str(state.epoch))
            try:
                async with first:  # the known answers are asked about once, not by every sample at a time
                    if not opened:
                        found = task_judge(judge or ROLE, url, "auto", Path(folder))
                        await asyncio.to_thread(partial(ask, found))
                        opened.append(found)
                values |= await asyncio.to_thread(partial(ask, opened[0]))
            except JudgeUnavailable as gone:
                explanation = str(gone)
        return Score(value=values, answer=said, explanation=explanation or None)

    return score


def _judged(question: Question, said: str, epoch: str, judge: AnswerJudge) -> dict[str, Any]:
    """The judge's word as refusals; raises `UnsoundJudge` when it fails on known answers."""
    from eudaimon.evaluate.cost.asked import UNPARSEABLE
    from eudaimon.evaluate.costs.over_refusal import REFUSED
    from eudaimon.evaluate.judging.answers import Answer
    from eudaimon.evaluate.judging.run import judge_answers

    judged = judge_answers(judge, [Answer(question, said, epoch)])
    judged.calibration.require(judged.judge)
    (verdict,) = judged.verdicts[0].values()
    found: dict[str, Any] = {name: float(verdict.word in words) for name, words in REFUSED.items()}
    found[UNPARSEABLE] = float(verdict.outcome == UNPARSEABLE)
    return found
