"""Which open questions a step asks: packaged sets or a user's file, known by what they say."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from eudaimon.core.errors import UsageError
from eudaimon.core.identity import short_hash
from eudaimon.evaluate.questions.question import Question
from eudaimon.evaluate.questions.read import questions as packaged
from eudaimon.evaluate.questions.read import read_questions


class AskedQuestions(BaseModel):
    """Questions of packaged ``sets``, and of a ``file`` behind them; made by `asked_questions`.

    What they ask (``content``) is their identity, and not where the file lies nor how answers are judged:
    another judge does not make answers old.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    _exclude_from_cls_uid: ClassVar[tuple[str, ...]] = ("file",)

    sets: tuple[str, ...] = ()
    file: str = ""
    content: str

    def read(self) -> tuple[Question, ...]:
        """The questions, in order; raises `UsageError` when they do not ask what they asked."""
        found = _read(self.sets, self.file)
        if _content(found) != self.content:
            where = ", ".join([*self.sets, *([self.file] if self.file else [])])
            raise UsageError(
                f"the questions of {where} have changed",
                right="the questions that were planned",
                do="plan the study anew",
            )
        return found


def asked_questions(sets: tuple[str, ...] = (), file: str = "") -> AskedQuestions:
    """The questions of these packaged sets and this file, as a field of a step.

    Raises `UsageError` when there are none, for an unknown set, and when two have one id.
    """
    file = str(Path(file).resolve()) if file else ""
    return AskedQuestions(sets=sets, file=file, content=_content(_read(sets, file)))


def _read(sets: tuple[str, ...], file: str) -> tuple[Question, ...]:
    if not sets and not file:
        raise UsageError("nothing is asked", right="a packaged set of questions, or a file")
    found = (*(packaged(*sets) if sets else ()), *(read_questions(file) if file else ()))
    ids = [question.id for question in found]
    twice = next((name for name in ids if ids.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"two questions have the id {twice!r}", right="ids of their own")
    return found


def _content(found: tuple[Question, ...]) -> str:
    asked = [[q.id, q.group, [[turn.role, turn.content] for turn in q.messages]] for q in found]
    return short_hash(asked)
