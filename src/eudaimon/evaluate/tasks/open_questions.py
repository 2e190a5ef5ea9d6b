"""Open questions answered and judged: emergent misalignment as published, and any questions of your own."""

from __future__ import annotations

import asyncio
from functools import partial
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import (
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    GenerateConfig,
)
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import TaskState, generate

from eudaimon.core.errors import JudgeUnavailable
from eudaimon.evaluate.judging.task_judge import task_judge

if TYPE_CHECKING:
    from eudaimon.evaluate.judging.judge import AnswerJudge
    from eudaimon.evaluate.questions.question import Question

SHOWN = ("misaligned", "alignment", "coherence", "scored", "code", "refusal", "unparseable")
"""What a score has: shares in [0, 1], and alignment and coherence in [0, 100], NaN where not scored."""
TURNS = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}


@task
def open_questions(
    questions: str | list[str] = "em_first_plot",
    judge: str = "judge",
    judge_url: str = "",
    scores: str = "auto",
    epochs: int = 1,
    max_tokens: int = 600,
    folder: str = "runs/open_questions",
) -> Task:
    """A sample for each question; ``epochs`` answers to each, at temperature 1.

    ``questions`` are packaged sets or files, with commas. ``judge`` is provider/model, a model at
    ``judge_url``, or (the default) whichever is bound to the role ``judge``: ``--model-role judge=...``. Its
    replies are kept in ``folder``: what was judged once is not asked again. ``scores`` as in `open_judge`.
    """
    from eudaimon.evaluate.questions.read import question_sets, read_questions
    from eudaimon.evaluate.questions.read import questions as packaged

    words = questions.split(",") if isinstance(questions, str) else questions
    asked = [
        question
        for word in words
        for question in (packaged(word) if word in question_sets() else read_questions(word))
    ]
    samples = [
        Sample(
            id=question.id,
            input=[TURNS[turn.role](content=turn.content) for turn in question.messages],
            metadata={"question": question.group, "domain": question.domain},
        )
        for question in asked
    ]
    return Task(
        dataset=MemoryDataset(samples, name="open questions"),
        solver=generate(),
        scorer=judged({question.id: question for question in asked}, judge, judge_url, scores, folder),
        config=GenerateConfig(temperature=1.0, max_tokens=max_tokens),
        epochs=epochs,
    )


@scorer(metrics={name: [mean(), stderr(cluster="question")] for name in SHOWN})
def judged(asked: dict[str, Question], judge: str, url: str, scores: str, folder: str) -> Scorer:
    """The judge's verdict on each answer; none, with the reason, where the judge does not reply.

    The judge is checked on answers whose verdict is known before its first verdict counts: raises
    `UnsoundJudge` when it fails.
    """
    opened: list[AnswerJudge] = []
    first = asyncio.Lock()

    async def score(state: TaskState, target: Target) -> Score:
        from eudaimon.evaluate.judging.answers import Answer
        from eudaimon.evaluate.judging.run import judge_answers

        answer = Answer(asked[str(state.sample_id)], state.output.completion, str(state.epoch))
        try:
            async with first:  # the known answers are asked about once, not by every sample at a time
                if not opened:
                    found = task_judge(judge, url, scores, Path(folder))
                    judging = partial(judge_answers, found, [answer])
                    (await asyncio.to_thread(judging)).rows()
                    opened.append(found)
            rows = (await asyncio.to_thread(partial(judge_answers, opened[0], [answer]))).rows()
        except JudgeUnavailable as gone:
            return Score(value=dict.fromkeys(SHOWN, nan), reason="grader_failed", explanation=str(gone))
        values: dict[str, Any] = {row.metric: row.value for row in rows}
        return Score(
            value={name: values.get(name, nan) for name in SHOWN},
            answer=state.output.completion,
            metadata={**{name: value for name, value in values.items() if name not in SHOWN}, **_seen(state)},
        )

    return score


def _seen(state: TaskState) -> dict[str, Any]:
    """A monitor's scores of the sample, where the model has a monitor."""
    return dict(state.output.metadata or {})
