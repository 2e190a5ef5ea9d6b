"""Roles put to questions: what a census asks a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eudaimon.core import Text, UsageError, as_conversation
from eudaimon.data.roles import RolePrompts, role_prompts
from eudaimon.world.items import items
from eudaimon.world.personas import PERSONAS, speech
from eudaimon.world.prompts import prompt
from eudaimon.world.world import World

DEFAULT = "default"


@dataclass(frozen=True)
class Cast:
    """Every role put to every question: ``texts[role][question]`` ends where the role is to answer.

    ``default`` is the name of the role that the model has when none is called for. Raises `UsageError` when a
    role's texts are not one for each question, when names repeat, or when the default is not among them.
    """

    roles: tuple[str, ...]
    questions: tuple[str, ...]
    texts: tuple[tuple[Text, ...], ...]
    default: str = DEFAULT

    def __post_init__(self) -> None:
        if len(set(self.roles)) < len(self.roles) or self.default not in self.roles:
            raise UsageError(
                f"the roles repeat, or {self.default!r} is not among them", right="each role once"
            )
        if len(self.roles) < 3 or len(self.questions) < 4:
            raise UsageError(
                f"{len(self.roles)} roles and {len(self.questions)} questions",
                right="three roles and four questions at least",
            )
        if {len(texts) for texts in self.texts} != {len(self.questions)} or len(self.texts) != len(
            self.roles
        ):
            raise UsageError("a role is not put to every question", right="a text for each role and question")


def town_cast(world: World, *, n_questions: int = 60, seed: int = 0) -> Cast:
    """Everybody who has a name in the town, asked about proposals, checks and advice; nobody is described.

    The assistant is the default. Questions are drawn by ``seed``.
    """
    pool = [item for item in items(world) if item.kind in ("advice", "proposal", "check")]
    order = np.random.default_rng(seed).permutation(len(pool))[:n_questions]
    asked = [pool[place] for place in order]
    named = [name for persona in PERSONAS.values() for name in persona.names]
    roles = (*named, *speech().anonymous, speech().assistant)
    texts = tuple(tuple(prompt(item, speaker=role) for item in asked) for role in roles)
    return Cast(roles, tuple(item.id for item in asked), texts, speech().assistant)


def role_cast(
    questions: Sequence[str], roles: Sequence[RolePrompts] | None = None, *, traits: bool = False
) -> Cast:
    """System prompts of the packaged roles (and traits, with their opposites), put to questions.

    The wordings of a role take turns over the questions. The default role has no system prompt.
    """
    chosen = (
        tuple(roles) if roles is not None else tuple(r for r in role_prompts() if traits or r.kind == "role")
    )
    wordings = {role.name: role.instructions for role in chosen}
    wordings |= {f"not {role.name}": role.opposites for role in chosen if role.opposites}
    texts = [tuple(as_conversation(question) for question in questions)]
    for turns in wordings.values():
        texts.append(
            tuple(
                as_conversation(
                    [
                        {"role": "system", "content": turns[place % len(turns)]},
                        {"role": "user", "content": question},
                    ]
                )
                for place, question in enumerate(questions)
            )
        )
    return Cast((DEFAULT, *wordings), tuple(questions), tuple(texts))
