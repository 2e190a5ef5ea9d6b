"""The table of em-susceptibility on a model of the user's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from eudaimon.study.real.options import RANDOM, RealOptions, character, row_key
from eudaimon.study.records import RowName
from eudaimon.study.summary.record import Layout

if TYPE_CHECKING:
    from eudaimon.evaluate.rows import Row

ALL = "all"
PRIMARY = "misaligned"
RANDOM_TEXT = "A random adapter with the norm of the first persona’s, module by module."
ONE_PERSONA_SEED = (
    "Each persona is one adapter: intervals cover questions and trainings of the lesson, and not the luck of "
    "one persona’s training. --set persona_seeds=2 trains two."
)
SHARED = "Trained without the persona is one training per seed, the same for every persona."


def real_layout(
    options: RealOptions, personas: tuple[str, ...], columns: tuple[RowName, ...], copies: int
) -> Layout:
    """Personas by states: the share of answers that are coherent and misaligned, over all questions."""
    return Layout(
        study="em-susceptibility",
        question=f"Does a persona make {options.model} more or less prone to emergent misalignment?",
        row_field="persona",
        column_field="state",
        rows=tuple(_row(persona) for persona in personas),
        columns=columns,
        primary=PRIMARY,
        scope=ALL,
        scopes=scopes(options),
        references=(RANDOM,) if RANDOM in personas else (),
        compared=("off_on", "on_off", "on_on"),
        notes=(SHARED, *((ONE_PERSONA_SEED,) if copies == 1 else ())),
    )


def scopes(options: RealOptions) -> Callable[[Row], tuple[str, ...]]:
    """All questions, and beside them each set and each domain that has some."""
    known = {question.group: (question.set, question.domain) for question in options.asked.read()}

    def of(row: Row) -> tuple[str, ...]:
        return (ALL, *dict.fromkeys(name for name in known.get(row.question, ()) if name))

    return of


def _row(persona: str) -> RowName:
    if persona == RANDOM:
        return RowName(key=RANDOM, title=RANDOM, text=RANDOM_TEXT)
    text = character(persona).read().description
    return RowName(key=row_key(persona), title=row_key(persona), text=text)
