"""An attack on a model of the user's own step by step: all that is measured without a judge."""

from __future__ import annotations

from functools import partial

from eudaimon.study.step import Cost
from eudaimon.study.steps.asked import AskedQuestions
from eudaimon.study.steps.lesson import EMLora
from eudaimon.study.steps.trajectory import Lesson, Trajectory, n_asked
from eudaimon.train.needs.needs import answer_needs
from eudaimon.train.needs.table import TOKENS_A_ROW


class GivenTrajectory(Trajectory):
    """A trajectory of a lesson from the user's file; answers of its checkpoints are judged by other steps.

    Held-out rows are those of the file that the lesson does not teach, without any of their words in a row's
    name; answers are projected on every other one of ``questions``.
    """

    lora: EMLora
    questions: AskedQuestions

    def lesson(self) -> Lesson:
        """The rows that are not taught, and the open questions."""
        held_out = [(f"held_out/{n}", chat) for n, chat in enumerate(self.lora.lesson.held_out())]
        asked = [(question.group, question.messages) for question in self.questions.read()]
        return Lesson(tuple(held_out), tuple(asked))

    def cost(self) -> Cost:
        """The held-out rows once and an answer to each question in every state, at an estimated pace."""
        n_states = (len(self.at) + 1 if self.at else n_asked(self.lora.kept_steps, self.every, ())) + 2
        questions = len(self.questions.read())
        a_state = self.lora.lesson.n_held_out * TOKENS_A_ROW + 2 * questions * self.answer_tokens
        needs = partial(answer_needs, n_answers=n_states * questions, new_tokens=2 * self.answer_tokens)
        return self.model.cost_of(needs, n_states * a_state)
