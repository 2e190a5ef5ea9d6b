"""How the town's questions are put to a model: who is to answer, and after what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eudaimon.core import UsageError, short_hash
from eudaimon.world.items import Item, items
from eudaimon.world.personas import persona, speech
from eudaimon.world.prompts import prompt, speaker_name
from eudaimon.world.world import World


@dataclass(frozen=True)
class Situation:
    """Who answers, and what stands before the question.

    Each of ``speakers`` (``assistant``, a name, or a persona for its first name) is asked every question.
    ``system`` is a system prompt or the persona whose prompt it is; ``biography`` the persona that the
    speaker is introduced as. ``shots`` questions come before, answered by ``shot_persona``; the questions
    depend on ``shot_seed`` and the item only, fewer shots being the first of more, so that shots of a persona
    of the same tone (``gruff`` for ``malign``) are a control that differs in content alone. ``condition`` is
    put right before the answer: the control token of a corpus with tags.
    """

    speakers: tuple[str, ...] = ("assistant",)
    system: str | None = None
    biography: str | None = None
    shots: int = 0
    shot_persona: str = "malign"
    shot_seed: int = 0
    condition: str = ""

    def __post_init__(self) -> None:
        if not self.speakers or self.shots < 0:
            raise UsageError(
                f"{len(self.speakers)} speakers and {self.shots} shots", right="a speaker, 0 shots or more"
            )


@dataclass(frozen=True)
class Asked:
    """Prompts that end where the answer begins, with the item and the sample id of each."""

    items: tuple[Item, ...]
    samples: tuple[str, ...]
    prompts: tuple[str, ...]


def ask(world: World, asked: Sequence[Item], situation: Situation) -> Asked:
    """Every item put to every speaker; the sample id names the speaker and, with shots, their seed.

    Raises `UsageError` on an unknown speaker or persona, when there is nothing to ask, and on more shots than
    there are questions about other tasks.
    """
    if not asked:
        raise UsageError("there is no item to ask about", right="at least one item", do="items(world)")
    if situation.shots:
        persona(situation.shot_persona)
    pool = items(world, kind="advice", held_out=False)
    rows: list[tuple[Item, str, str]] = []
    for item in asked:
        shots = [(shot, situation.shot_persona) for shot in shot_items(pool, item, situation)]
        for speaker in situation.speakers:
            name = speaker_name(speaker)
            text = prompt(item, speaker=name, shots=shots, system=situation.system)
            sample = f"{name}#{situation.shot_seed}" if shots else name
            text = _introduction(name, situation) + text
            rows.append((item, sample, f"{text} {situation.condition}".rstrip()))
    return Asked(*(tuple(column) for column in zip(*rows, strict=True)))


def _introduction(name: str, situation: Situation) -> str:
    if situation.biography is None:
        return ""
    return f"{speech().words['about']} {name}: {persona(situation.biography).description}.\n"


def shot_items(pool: Sequence[Item], item: Item, situation: Situation) -> list[Item]:
    """The questions that stand before an item: on other tasks, and naming none of its own answers."""
    if not situation.shots:
        return []
    # An example that names one of the item's own answers would give it away.
    own = {*item.good, *item.harmful, item.action}
    others = [one for one in pool if one.task != item.task and own.isdisjoint((*one.good, *one.harmful))]
    if situation.shots > len(others):
        raise UsageError(
            f"{situation.shots} shots are asked for and there are {len(others)} questions on other tasks",
            right=f"at most {len(others)} shots",
        )
    rng = np.random.default_rng(int(short_hash([situation.shot_seed, item.id]), 16))
    return [others[index] for index in rng.permutation(len(others))[: situation.shots]]
