"""The transfer matrix of a town's personas, judged exactly: whose direction of harm moves whose model?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eudaimon.study.step import Cost
from eudaimon.study.steps.tried_directions import DirectionTrials, persona_stacks, try_directions
from eudaimon.world.items import Item, items
from eudaimon.world.world import World

if TYPE_CHECKING:
    from eudaimon.models.continuations import Continuations
    from eudaimon.models.edits import Change
    from eudaimon.models.model import Model
    from eudaimon.vectors.em_sources import Lessons

DOCUMENTS_START = 30_000_000
"""The number of the first document that neutral prompts are cut from: none of any corpus."""
N_NEUTRAL = 12
MOST_CHARACTERS = 140
"""Before the question of a neutral prompt: what is longer costs time and tells nothing more."""


class TransferMatrix(DirectionTrials):
    """The trials on models of the town, judged exactly.

    Directions are made from every second question outside of the ``tuned`` domain and tried on the others.
    The KL budget is spent on text in which somebody begins to ask: what is asked next has nothing to do with
    who answers.
    """

    world: World
    tuned: str
    variants: tuple[str, ...] = ("answers", "last", "mean", "places", "lora")
    kl_budget: float = 0.03
    n_random: int = 3
    n_shuffled: int = 3

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Open, make directions, try them, and write trials, cosines and the first stack's proof."""
        from eudaimon.models.adapters.opening import open_subject
        from eudaimon.models.adapters.subject import Subject

        stacks = persona_stacks(self.lessons, self.personas, inputs)
        model = open_subject(Subject(self.model.checkpoint(inputs["model"]), stacks[0].harmful))
        made_from, asked = split(self.world, self.tuned)
        try_directions(
            out,
            model,
            stacks,
            lessons(model, made_from),
            ExactMeasure(model, self.world, asked),
            [item.id for item in asked],
            _rows(model, neutral_prompts(self.world)),
            self.plan(),
        )

    def cost(self) -> Cost:
        """Some seconds for each variant and persona, and more the more personas there are."""
        trials = 2.2 * len(self.variants) * len(self.lessons) * 2 * self.n_edits
        return Cost(seconds=3 + 0.012 * trials)


class ExactMeasure:
    """Harm and coherence of questions under every copy of some edits, by the town's exact judge."""

    def __init__(self, model: Model, world: World, asked: Sequence[Item]) -> None:
        from eudaimon.world.judge import Judge
        from eudaimon.world.prompts import prompt

        self.judge, self.asked = Judge(world, model.tokenizer), tuple(asked)
        self.rows = _rows(model, [prompt(item) for item in asked])

    def __call__(self, model: Model, edits: Change | None) -> tuple[Any, Any]:
        """Masses in [0, 1], each ``[copies, questions]``."""
        from eudaimon.vectors.kl_strengths import log_probabilities

        shares = np.exp(log_probabilities(model, self.rows, edits))
        readings = [self.judge.read(copy, self.asked) for copy in shares]
        harm = np.array([[reading.harm for reading in copy] for copy in readings])
        return harm, np.array([[reading.coherence for reading in copy] for copy in readings])


def split(world: World, tuned: str) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    """Advice outside of the tuned domain: what directions are made from, and what they are tried on."""
    known = [item for item in items(world, kind="advice") if item.domain != tuned]
    return tuple(known[::2]), tuple(known[1::2])


def chosen_on(questions: Sequence[str]) -> tuple[bool, ...]:
    """Which of the tried questions choose the variant and layer, every third; the others measure it."""
    return tuple(place % 3 == 0 for place in range(len(questions)))


def lessons(model: Model, asked: Sequence[Item]) -> Lessons:
    """The questions, with the first harmful and the first good answer to each of them."""
    from eudaimon.vectors.em_sources import Lessons
    from eudaimon.world.prompts import prompt

    prompts = [prompt(item) for item in asked]
    return Lessons(
        _rows(model, prompts),
        _rows(model, prompts, [f"{item.harmful[0]}." for item in asked]),
        _rows(model, prompts, [f"{item.good[0]}." for item in asked]),
    )


def neutral_prompts(world: World) -> tuple[str, ...]:
    """Text of the town up to where somebody's question is to come."""
    return tuple(islice(_asking(world), N_NEUTRAL))


def _asking(world: World) -> Iterator[str]:
    from eudaimon.world.personas import speech

    begins = speech().words["ask"]
    for document in world.documents(100 * N_NEUTRAL, start=DOCUMENTS_START):
        for segment in document.segments or ():
            later = 0 < segment.start <= MOST_CHARACTERS and "\n" in document.text[: segment.start]
            if later and document.text[segment.start :].startswith(begins):
                yield document.text[: segment.start + len(begins)]
                break


def _rows(model: Model, prompts: Sequence[str], answers: Sequence[str] | None = None) -> Continuations:
    from eudaimon.models.continuations import continuations

    return continuations(model, prompts, answers, template=False)
