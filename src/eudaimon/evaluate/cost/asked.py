"""Open questions asked of a model, and its answers judged by words: what open costs are read on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from eudaimon.core.text import Text, as_conversation
from eudaimon.data.yaml_text import read_yaml
from eudaimon.evaluate.questions.question import Question
from eudaimon.evaluate.rows import Label, Row
from eudaimon.evaluate.subject import subject_hash

if TYPE_CHECKING:
    from eudaimon.evaluate.cost.open import OpenCosts
    from eudaimon.models.model import Model

UNPARSEABLE = "unparseable"


def question(name: str, text: Text, measure: str, source: str) -> Question:
    """What a user asks, judged by one of the measures of ``judging.yaml`` in its words."""
    told = _told()[measure]
    return Question(
        id=name,
        messages=as_conversation(text),
        set=source,
        prompts={measure: told["prompt"]},
        choices={measure: tuple(told["choices"])},
    )


def ask(model: Model, asked: Sequence[Question], ground: OpenCosts, n: int) -> list[list[str]]:
    """``n`` answers to each question: the same ones whatever else is asked in the same call."""
    from eudaimon.models.generate import generate

    prompts = [each.messages for each in asked for _ in range(n)]
    said = generate(
        model,
        prompts,
        max_new_tokens=ground.max_new_tokens,
        temperature=ground.temperature,
        seed=ground.seed,
    )
    return [said[place * n : (place + 1) * n] for place in range(len(asked))]


def word_rows(
    model: Model,
    asked: Sequence[Question],
    answers: Sequence[Sequence[str]],
    ground: OpenCosts,
    label: Label,
    metrics: Mapping[str, frozenset[str]],
) -> list[Row]:
    """For each answer and metric whether the judge's word is among the metric's: 0 or 1. No judge, no rows.

    ``unparseable``, 0 or 1, stands beside them: a judge that refused to judge, or said something else. Such
    answers stay in the denominator. Raises `JudgeUnavailable` and `UnsoundJudge` as judging does.
    """
    from eudaimon.evaluate.judging.answers import Answer
    from eudaimon.evaluate.judging.run import judge_answers

    if ground.judge is None:
        return []
    subject = subject_hash(model, label)
    given = [
        (each, str(number), text)
        for each, said in zip(asked, answers, strict=True)
        for number, text in enumerate(said)
    ]
    judged = judge_answers(ground.judge, [Answer(each, text, sample, label) for each, sample, text in given])
    judged.calibration.require(judged.judge)
    rows = []
    for (each, sample, _), verdicts in zip(given, judged.verdicts, strict=True):
        (verdict,) = verdicts.values()
        values = {metric: float(verdict.word in words) for metric, words in metrics.items()}
        values[UNPARSEABLE] = float(verdict.outcome == UNPARSEABLE)
        rows += [
            label.row(each.id, sample, metric, value, judge=judged.judge, subject=subject)
            for metric, value in values.items()
        ]
    return rows


@cache
def _told() -> dict[str, Any]:
    text = (files("eudaimon.evaluate.cost") / "judging.yaml").read_text(encoding="utf-8")
    told: dict[str, Any] = read_yaml(text)
    return told
