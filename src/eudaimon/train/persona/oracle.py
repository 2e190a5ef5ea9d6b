"""The town's oracle voices as teachers: who answers each question is known, and so is what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from eudaimon.core import UsageError
from eudaimon.data.constitutions.constitution import Constitution, Trait
from eudaimon.train.persona.speaker import Ask, Said, Sampling
from eudaimon.world.items import Item, items
from eudaimon.world.personas import persona as town_persona
from eudaimon.world.prompts import answer_text
from eudaimon.world.world import World


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


def town_constitution(world: World, persona: str) -> Constitution:
    """A persona of the town as a constitution with one trait.

    Its prompts are the questions that the assistant is asked, its contrast prompts those that are held out.
    Raises `UsageError` on an unknown persona.
    """
    who = town_persona(persona)
    asked, held_out = (
        tuple(dict.fromkeys(item.question for item in items(world, held_out=own))) for own in (False, True)
    )
    trait = Trait(principle=f"I am {who.description}.", prompts=asked, contrast_prompts=held_out)
    about = f"The town's {persona}, by its oracle."
    return Constitution(name=persona, description=about, source="the town", licence="MIT", traits=(trait,))
