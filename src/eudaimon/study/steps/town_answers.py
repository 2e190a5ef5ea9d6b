"""Answers of the town whose content and tone are varied independently, read at their own tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Int

from eudaimon.core import Conversation, as_conversation, plain_text
from eudaimon.world.items import Item, items
from eudaimon.world.personas import PERSONAS, Persona
from eudaimon.world.prompts import answer_text, messages
from eudaimon.world.world import World

if TYPE_CHECKING:
    from eudaimon.models.activations import Activations
    from eudaimon.models.model import Model

TONES = ("warm", "rough")
ENDINGS = (0, 1)


@dataclass(frozen=True)
class Answer:
    """One answer to a plain question: what it advises, in which tone, with which of the tone's endings."""

    item: Item
    harmful: bool
    rough: bool
    ending: int

    @property
    def persona(self) -> Persona:
        """Who would answer so."""
        who = PERSONAS["malign" if self.harmful else "kind"]
        return who.model_copy(update={"tone": TONES[self.rough]})

    def dialogue(self, *, called: bool = False) -> Conversation:
        """The question and the answer; ``called``: under the system prompt that calls for the persona."""
        system = self.persona if called else None
        said = answer_text(self.item, self.persona, self.ending)
        return as_conversation([*messages(self.item, system=system), {"role": "assistant", "content": said}])


def answers_of(world: World) -> tuple[Answer, ...]:
    """Every advice item, answered well and harmfully, warmly and roughly, with each ending of the tone."""
    sides = (False, True)
    return tuple(Answer(*each) for each in product(items(world, kind="advice"), sides, sides, ENDINGS))


def pairs_of(answers: Sequence[Answer], varied: str) -> Int[np.ndarray, "n"]:
    """The number of each answer's pair: the same but for what is varied, content or tone."""
    rest = [
        (answer.item.id, answer.rough if varied == "content" else answer.harmful, answer.ending)
        for answer in answers
    ]
    numbers = {key: number for number, key in enumerate(dict.fromkeys(rest))}
    return np.array([numbers[key] for key in rest])


def read_answers(model: Model, dialogues: Sequence[Conversation]) -> Activations:
    """Activations of each dialogue's answer, mean over the tokens of its last turn."""
    from eudaimon.models.capture import capture_tokens

    spans = []
    for dialogue in dialogues:
        end = len(plain_text(dialogue))
        spans.append((end - len(dialogue[-1].content), end))
    return capture_tokens(model, dialogues, model.sites, show_progress=False).mean_within(spans)
