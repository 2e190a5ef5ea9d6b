"""The transfer matrix of personas on a model of the user's own: by likelihood, without another judge call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from eudaimon.core.files import write_json
from eudaimon.core.site import Site
from eudaimon.study.step import Cost
from eudaimon.study.steps.given_pairs import PREFERRED, PROMPT_TOKENS, paired_lessons, pairs_of
from eudaimon.study.steps.given_shares import Shares, shares
from eudaimon.study.steps.grid_answers import GridAnswers
from eudaimon.study.steps.judged_answers import JudgedAnswers
from eudaimon.study.steps.model import placed
from eudaimon.study.steps.tried_directions import DirectionTrials, persona_stacks, try_directions
from eudaimon.train.needs.needs import reading_needs

if TYPE_CHECKING:
    from eudaimon.models.model import Model
    from eudaimon.vectors.em_sources import Lessons

PAIRS = "pairs.json"
N_LAYERS = 3
NEUTRAL_TOKENS = 32
KL_PASSES = 6
"""Strengths that are tried, about, until the budget is met."""


class GivenTransfers(DirectionTrials):
    """The trials on a model of the user's own.

    Pairs that ``judged`` found misaligned and aligned make directions (``answers``, at the answers'
    tokens) beside what the lesson changes on prompts (``last``, ``mean``; these alone where pairs are few).
    Other pairs measure: harm is the share of the misaligned answer by likelihood (`PreferenceMeasure`), so
    no text is sampled and no judge asked. Answers are cut to ``most_tokens``. `PAIRS` has the number of pairs
    and what directions were made from (``says``), no text; where pairs are too few it has ``why``, and
    nothing was tried: there are no `TRIALS` then.
    """

    measured_by: ClassVar[str] = (
        f"{PREFERRED}, coherence the likelier one’s probability a token: what a model prefers, and not yet "
        "what it says."
    )

    answers: GridAnswers
    judged: JudgedAnswers
    variants: tuple[str, ...] = ("answers", "last", "mean")
    layers: tuple[int, ...] = ()
    """Empty: `N_LAYERS` of the middle half."""
    kl_budget: float = 0.1
    n_random: int = 4
    n_shuffled: int = 4
    most_pairs: int = 48
    most_tokens: int = 96
    device: str | None = None

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Choose pairs, make directions, try them; write trials, cosines and the first stack's proof."""
        pairs = pairs_of(self.answers, inputs, most=self.most_pairs, seed=self.seed)
        found = shares(pairs, self.answers.questions.read())
        about = {"n_pairs": len(pairs), "of_one_stack": sum(pair.one_stack for pair in pairs)}
        if isinstance(found, str):
            write_json(out / PAIRS, about | {"why": found})
            return
        made = {"n_made_from": len(found.made_from), "n_tried": len(found.tried), "says": found.says}
        write_json(out / PAIRS, about | made)
        self._try(found, out, inputs)

    def cost(self) -> Cost:
        """Every pair that measures, and neutral prompts, read under all edits of every model.

        A pass over neutral prompts for each strength that is tried comes on top where directions are added.
        """
        n = len(self.lessons)
        groups = {question.group for question in self.answers.questions.read()}
        measured = min(self.most_pairs, len(groups)) // 2 * 2 * (PROMPT_TOKENS + self.most_tokens)
        neutral = len(_neutral()) * NEUTRAL_TOKENS
        places = len(self.variants) * (len(self.layers) or N_LAYERS)
        n_tokens = n * places * (2 * self.n_edits * (measured + neutral) + KL_PASSES * n * neutral)
        return self.model.cost_of(partial(reading_needs, n_tokens=n_tokens), n_tokens)

    def _try(self, found: Shares, out: Path, inputs: Mapping[str, Path]) -> None:
        from eudaimon.models.adapters.opening import open_subject
        from eudaimon.models.adapters.subject import Subject
        from eudaimon.models.continuations import continuations
        from eudaimon.vectors.measure import PreferenceMeasure

        stacks = persona_stacks(self.lessons, self.personas, inputs)
        subject = Subject(self.model.checkpoint(inputs["model"]), stacks[0].harmful)
        model = open_subject(subject, device=placed(self.device, self.model, self.cost()))
        try_directions(
            out,
            model,
            stacks,
            self._lessons(model, found),
            PreferenceMeasure(paired_lessons(model, found.tried, self.most_tokens)),
            [pair.question.group for pair in found.tried],
            continuations(model, _neutral()),
            self.plan(tuple(map(Site, self.layers or middle(model.n_layers)))),
        )

    def _lessons(self, model: Model, found: Shares) -> Lessons:
        """What directions are made from: all prompts, and the pairs' answers where there are some."""
        from eudaimon.models.continuations import continuations
        from eudaimon.vectors.em_sources import Lessons

        prompts = continuations(model, [question.messages for question in found.prompts])
        if not found.made_from:
            return Lessons(prompts)
        return replace(paired_lessons(model, found.made_from, self.most_tokens), prompts=prompts)


def middle(n_layers: int) -> tuple[int, ...]:
    """`N_LAYERS` layers, evenly from a quarter to three quarters of the depth; fewer of a shallow model."""
    places = np.linspace(n_layers / 4, 3 * n_layers / 4, N_LAYERS)
    return tuple(sorted({max(1, round(float(place))) for place in places}))


def _neutral() -> tuple[str, ...]:
    """The packaged everyday prompts on which the budget is spent."""
    from eudaimon.vectors.kl_budget import neutral_texts

    return tuple(str(text) for text in neutral_texts(None))
