"""The parts of a study on a real model, each with what it takes."""

from __future__ import annotations

from dataclasses import dataclass

from eudaimon.core import UsageError
from eudaimon.train.em.recipe import EMRecipe
from eudaimon.train.needs.machine import Machine
from eudaimon.train.needs.needs import Needs, answer_needs, lora_needs
from eudaimon.train.needs.shape import ModelShape
from eudaimon.train.persona.recipe import PersonaRecipe

TOKENS_A_ROW = 400
"""About as long are question and answer of the published narrow sets together."""
N_PROMPTS = 500
"""Of a constitution with ten traits in the few-shot format, and its general prompts are the recipe's."""
ANSWER_TOKENS = 400
"""Of a distilled answer: most end before they must."""


@dataclass(frozen=True)
class Part:
    """One part of a study: what it is, what it takes, and how often a study has it."""

    name: str
    needs: Needs
    times: str


def study_needs(
    shape: ModelShape,
    machine: Machine,
    lesson: EMRecipe,
    character: PersonaRecipe,
    *,
    n_rows: int = 6000,
    tokens_a_row: int = TOKENS_A_ROW,
    n_questions: int = 60,
    n_samples: int = 5,
    max_new_tokens: int = 600,
    rows: int = 64,
) -> tuple[Part, ...]:
    """The parts of em-susceptibility on a model: character, lesson, and the answers of one cell.

    The study's own steps estimate theirs by the same functions. Raises `UsageError` for a lesson that trains
    all weights.
    """
    taught = lesson_needs(shape, machine, lesson, n_rows=n_rows, tokens_a_row=tokens_a_row)
    answers = answer_needs(
        shape, machine, n_answers=n_questions * n_samples, new_tokens=max_new_tokens, rows=rows
    )
    return (
        *character_parts(shape, machine, character, rows=rows),
        Part("lesson", taught, "a seed, and a persona and seed"),
        Part("answers", answers, "a cell"),
    )


def lesson_needs(
    shape: ModelShape,
    machine: Machine,
    lesson: EMRecipe,
    *,
    n_rows: int,
    tokens_a_row: int = TOKENS_A_ROW,
    passes: int | None = None,
) -> Needs:
    """What a narrow lesson takes, in the recipe's passes a step where None; raises as `study_needs`."""
    if lesson.lora is None:
        raise UsageError("this recipe trains all weights", right="a LoRA, as the study's cells need")
    steps = lesson.training(n_rows).steps
    return lora_needs(
        shape,
        lesson.lora.model_copy(update={"steps": steps}),
        machine,
        n_rows=n_rows,
        tokens_a_row=tokens_a_row,
        passes=passes or lesson.passes,
    )


def character_needs(
    shape: ModelShape,
    machine: Machine,
    character: PersonaRecipe,
    *,
    n_prompts: int,
    passes: int | None = None,
) -> Needs:
    """What a whole character takes: the hours of its parts together, the memory of the largest."""
    parts = [
        part.needs for part in character_parts(shape, machine, character, n_prompts=n_prompts, passes=passes)
    ]
    return Needs(
        memory_gb=max(part.memory_gb for part in parts),
        gpus=max(part.gpus for part in parts),
        hours=sum(part.hours for part in parts),
        n_tokens=sum(part.n_tokens for part in parts),
        fullest_gb=max(part.fullest_gb for part in parts),
    )


def character_parts(
    shape: ModelShape,
    machine: Machine,
    character: PersonaRecipe,
    *,
    n_prompts: int = N_PROMPTS,
    rows: int = 64,
    passes: int | None = None,
) -> tuple[Part, ...]:
    """The parts of a character whose constitution has ``n_prompts``, general ones not counted.

    The teacher is taken to be the model itself; one that is served elsewhere takes its part of the writing
    away. Characters are trained one row at a time (``passes`` as large as the batch) where None.
    """
    distillation, introspection = character.distillation, character.introspection
    n_prompts = (n_prompts + distillation.general) * distillation.samples
    parts = [
        Part(
            "character: answers",
            answer_needs(shape, machine, n_answers=2 * n_prompts, new_tokens=ANSWER_TOKENS, rows=rows),
            "a persona",
        ),
        Part(
            "character: distillation",
            # DPO reads the chosen and the rejected answer, and each again without the adapter.
            lora_needs(
                shape,
                distillation.training,
                machine,
                n_rows=3 * n_prompts,
                tokens_a_row=ANSWER_TOKENS,
                passes=passes or distillation.training.batch_size,
                sequences_a_row=2,
            ),
            "a persona",
        ),
    ]
    if introspection is not None:
        n_reflections = 10 * introspection.reflections
        n_turns = 2 * introspection.interactions * introspection.turns
        n_tokens = introspection.interacting.max_tokens
        parts += [
            Part(
                "character: reflections",
                answer_needs(
                    shape, machine, n_answers=n_reflections, new_tokens=2 * ANSWER_TOKENS, rows=rows
                ),
                "a persona",
            ),
            Part(
                "character: self-conversations",
                answer_needs(shape, machine, n_answers=n_turns, new_tokens=n_tokens, rows=rows),
                "a persona",
            ),
            Part(
                "character: introspection",
                lora_needs(
                    shape,
                    introspection.training,
                    machine,
                    n_rows=n_reflections + 2 * introspection.interactions,
                    tokens_a_row=2 * ANSWER_TOKENS,
                    passes=passes or introspection.training.batch_size,
                ),
                "a persona",
            ),
        ]
    return tuple(parts)
