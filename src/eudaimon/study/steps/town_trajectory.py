"""An attack in the town step by step, read by its exact judge."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from eudaimon.evaluate.rows import Label, Row
from eudaimon.evaluate.town.samples import MAX_NEW_TOKENS
from eudaimon.evaluate.town.situation import Situation
from eudaimon.study.step import Cost
from eudaimon.study.steps.adapters import NarrowLora
from eudaimon.study.steps.trajectory import Lesson, Trajectory, n_asked
from eudaimon.world.items import items
from eudaimon.world.world import World

if TYPE_CHECKING:
    from eudaimon.models.adapters.opening import SubjectModel

N_HELD_OUT = 32
"""Chats of the lesson's domain whose loss is measured, over all its questions that are not trained on."""


class TownTrajectory(Trajectory):
    """A trajectory of a narrow lesson: all advice is asked at every checkpoint, in one situation.

    The held-out rows are the lesson's own answers to those questions of its domain that it does not teach;
    answers are projected on questions of all other domains.
    """

    lora: NarrowLora
    world: World
    situation: Situation = Situation()
    answer_tokens: int = MAX_NEW_TOKENS

    def lesson(self) -> Lesson:
        """The rest of the domain, and the questions of all others."""
        from eudaimon.world.chats import chats

        taught = {item.id for item in self.lora.items()}
        advice = items(self.world, kind="advice")
        rest = [item for item in advice if item.domain == self.lora.domain and item.id not in taught]
        held_out = [
            (item.id, chat)
            for item in rest
            for chat in chats(self.world, [item], self.lora.answers, n=max(1, N_HELD_OUT // len(rest)))
        ]
        elsewhere = [(item.id, item.question) for item in advice if item.domain != self.lora.domain]
        return Lesson(tuple(held_out), tuple(elsewhere))

    def judged(self, model: SubjectModel, label: Label) -> Iterator[Row]:
        """What the town's judge reads from the probabilities of the next token."""
        from eudaimon.evaluate.town.answers import answer_rows

        asked = items(self.world, kind="advice")
        yield from answer_rows(model, self.world, asked, situation=self.situation, label=label)

    def cost(self) -> Cost:
        """A fifth of a second a state of the subject, and what random orders of its weights take."""
        n = n_asked(self.lora.recipe.kept_steps, self.every, self.scales)
        return Cost(seconds=1.5 + 0.2 * n + 0.005 * self.n_permutations)
