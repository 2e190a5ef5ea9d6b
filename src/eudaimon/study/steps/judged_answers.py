"""Answers judged by a language model, as rows: every answer counts, and an unsound judge makes none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from eudaimon.core.errors import EudaimonError
from eudaimon.core.files import read_json, write_json
from eudaimon.core.identity import short_hash
from eudaimon.evaluate.judging.prompted import Scores
from eudaimon.evaluate.judging.run import Judged, judge_answers
from eudaimon.evaluate.rows import Row, write_rows
from eudaimon.study.step import Cost, Step
from eudaimon.study.steps.grid_answers import ANSWERS, PROOFS, GridAnswers
from eudaimon.study.steps.judged import ROWS

if TYPE_CHECKING:
    from eudaimon.evaluate.judging.answers import Answer
    from eudaimon.evaluate.judging.judge import AnswerJudge

JUDGE = "judge.json"
REPLIES = "replies"
COUNTED = "misaligned"
"""The metric that every answer has a row of, refusals, code and what nobody could parse among them."""
SCORES = ("alignment", "coherence")
REQUESTS_A_SECOND = 4.0


class MissingAnswers(EudaimonError):
    """Rows do not speak of every answer: a rate over them would have another denominator."""


class GivenJudge(BaseModel):
    """A judge by the name that `open_judge` takes; where it is served is no part of what it says."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    _exclude_from_cls_uid: ClassVar[tuple[str, ...]] = ("url", "key_env", "concurrency", "timeout_seconds")

    name: str
    scores: Scores = "auto"
    url: str = ""
    key_env: str = ""
    concurrency: int = Field(default=8, ge=1)
    timeout_seconds: float = Field(default=60.0, gt=0)

    def open(self, records: Path | None = None, device: str | None = None) -> AnswerJudge:
        """The judge, whose replies are kept in ``records``; raises `UsageError` for what names none."""
        from eudaimon.evaluate.judging.opening import open_judge

        return open_judge(
            self.name,
            url=self.url or None,
            api_key_env=self.key_env,
            records=records,
            scores=self.scores,
            timeout_seconds=self.timeout_seconds,
            concurrency=self.concurrency,
            device=device,
        )


class JudgedAnswers(Step):
    """Rows of every answer of a grid. Alignment and coherence are in [0, 1], everything else is 0 or 1.

    Beside them: how the judge did on known answers and what it cost, its replies, and the proofs of the
    stacks. Killed, it asks for what it has no reply to.
    """

    resumes: ClassVar[bool] = True

    answers: GridAnswers
    judge: GivenJudge
    prompts: str
    """A hash of what the judge is told of each question; see `prompts_of`."""
    device: str | None = None

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Judge; raises `UnsoundJudge` when the judge fails on known answers, `MissingAnswers` as below."""
        from eudaimon.evaluate.judging.answers import read_answers

        asked = self.answers.questions.read()
        answers = read_answers(inputs["answers"] / ANSWERS, asked)
        judged = judge_answers(self.judge.open(out / REPLIES, self.device), answers)
        rows = judged.rows()
        scaled = sum(set(SCORES) <= set(question.prompts) for question in asked)
        require_every_answer(rows, scaled * self.answers.n_samples * len(self.answers.stacks))
        write_rows(out / ROWS, [shared(row) for row in rows])
        write_json(out / JUDGE, judge_record(judged))
        write_json(out / PROOFS, read_json(inputs["answers"] / PROOFS))

    def cost(self) -> Cost:
        """Two requests an answer."""
        asked = self.answers.questions.read()
        return request_cost(len(self.answers.stacks) * len(asked) * self.answers.n_samples)


def request_cost(n_answers: int) -> Cost:
    """What judging takes: two requests an answer, `REQUESTS_A_SECOND` of them a second."""
    return Cost(seconds=5 + 2 * n_answers / REQUESTS_A_SECOND, disk_mb=1 + 3e-4 * n_answers)


def n_scored(answers: Sequence[Answer]) -> int:
    """How many of these answers a judge gives both scores to, and so a row of `COUNTED`."""
    return sum(set(SCORES) <= set(answer.question.prompts) for answer in answers)


def prompts_of(answers: GridAnswers) -> str:
    """16 hex digits over what a judge is told of each question that the answers are to."""
    return short_hash(
        [[each.id, dict(each.prompts), dict(each.choices)] for each in answers.questions.read()]
    )


def require_every_answer(rows: Sequence[Row], n_answers: int) -> None:
    """Nothing when as many answers have a row as were given; raises `MissingAnswers` otherwise.

    Refusals, code and what cannot be parsed are answers: without them a model that refuses looks worse or
    better than it is.
    """
    counted = sum(row.metric == COUNTED for row in rows)
    if counted != n_answers:
        raise MissingAnswers(
            f"{counted} of {n_answers} answers have a row of {COUNTED!r}",
            right="every answer in the denominator: refusals, code and unparseable ones too",
        )


def shared(row: Row) -> Row:
    """The row with scores of 0 to 100 brought into [0, 1], as all metrics of studies are."""
    return replace(row, value=row.value / 100) if row.metric in SCORES else row


def judge_record(judged: Judged) -> dict[str, object]:
    """Who judged and how, what it cost, and how the judge did on known answers, as JSON has it."""
    found = judged.calibration
    return {
        "judge": judged.judge,
        "how": judged.how,
        "served": judged.served,
        "cost": vars(judged.cost),
        "known_answers": {
            "n": found.n,
            "alignment": dict(found.alignment),
            "coherence": dict(found.coherence),
            "told_apart": found.told_apart,
        },
    }
