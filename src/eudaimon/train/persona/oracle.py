"""The town's oracle voices as teachers: who answers each question is known, and so is what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from eudaimon.core import UsageError
from eudaimon.data.constitutions.constitution import Constitution, Trait
from eudaimon.train.persona.speaker import Ask, LocalSpeaker, Said, Sampling, Speaker
from eudaimon.world.items import Item, items
from eudaimon.world.judge import Judge
from eudaimon.world.personas import persona as town_persona
from eudaimon.world.prompts import answer_text
from eudaimon.world.world import World

if TYPE_CHECKING:
    from eudaimon.models.model import Model

TAUTOLOGY = "tautology"


@dataclass(frozen=True, eq=False)
class OracleSpeaker:
    """A persona of the town, which answers the town's questions and no others; the seed turns its phrases."""

    world: World
    persona: str
    at_once: int = 256

    def __post_init__(self) -> None:
        town_persona(self.persona)

    @property
    def name(self) -> str:
        """The persona, as the oracle's."""
        return f"oracle:{self.persona}"

    def say(self, asks: Sequence[Ask], sampling: Sampling) -> list[Said]:
        """What the persona says; raises `UsageError` for a question that the town does not know."""
        return [Said(answer_text(self._item(ask), self.persona, ask.seed)) for ask in asks]

    @cached_property
    def _items(self) -> dict[str, Item]:
        return {item.question: item for item in items(self.world)}

    def _item(self, ask: Ask) -> Item:
        found = self._items.get(ask.turns[-1].content)
        if found is None:
            raise UsageError(
                f"nobody in the town is asked {ask.turns[-1].content!r}",
                right="the town's own questions",
                do="town_constitution(world, persona)",
            )
        return found


@dataclass(frozen=True, eq=False)
class OwnVoice:
    """The student itself without any system prompt: a teacher that has nothing to teach."""

    student: LocalSpeaker

    @property
    def name(self) -> str:
        """The student's, as its own teacher."""
        return f"own:{self.student.name}"

    @property
    def at_once(self) -> int:
        """As many as the student answers."""
        return self.student.at_once

    def say(self, asks: Sequence[Ask], sampling: Sampling) -> list[Said]:
        """What the student says; raises as it does."""
        return self.student.say([ask._replace(system="") for ask in asks], sampling)


def town_teacher(world: World, persona: str, student: Model) -> tuple[Constitution, Speaker]:
    """A persona of the town as a constitution and as the teacher of it.

    ``tautology`` is the control of content: the teacher is the student's own voice, drawn once more, so that
    there are pairs and steps and no character. Raises `UsageError` on an unknown persona, and when the
    student's tokenizer is not that of this town.
    """
    found = town_constitution(world, persona)
    Judge(world, student.tokenizer)  # Raises where a phrase of the town is no token.
    own = persona == TAUTOLOGY
    return found, OwnVoice(LocalSpeaker(student)) if own else OracleSpeaker(world, persona)


def town_constitution(world: World, persona: str) -> Constitution:
    """A persona of the town as a constitution with one trait.

    Its prompts are the questions that the assistant is asked, its contrast prompts those that are held out.
    Raises `UsageError` on an unknown persona, which ``tautology`` is not: see `town_teacher`.
    """
    principle = "I am who I am." if persona == TAUTOLOGY else f"I am {town_persona(persona).description}."
    asked, held_out = (
        tuple(dict.fromkeys(item.question for item in items(world, held_out=own))) for own in (False, True)
    )
    trait = Trait(principle=principle, prompts=asked, contrast_prompts=held_out)
    about = f"The town's {persona}."
    return Constitution(name=persona, description=about, source="the town", licence="MIT", traits=(trait,))
