"""What steps that try directions share: the personas' stacks, and the files that they write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from eudaimon.core.files import write_json
from eudaimon.study.steps.adapters import AdapterStep
from eudaimon.study.steps.judged import PROOF

if TYPE_CHECKING:
    from eudaimon.models.adapters.opening import SubjectModel
    from eudaimon.models.continuations import Continuations
    from eudaimon.vectors.em_sources import Lessons, PersonaStacks
    from eudaimon.vectors.measure import Measure
    from eudaimon.vectors.transfer_matrix import MatrixPlan

TRIALS = "trials.parquet"
COSINES = "cosines.json"


def persona_stacks(
    lessons: Mapping[str, AdapterStep], personas: Mapping[str, AdapterStep], inputs: Mapping[str, Path]
) -> tuple[PersonaStacks, ...]:
    """Each lesson's stacks with it and without, beside its persona; one without a persona stands alone.

    ``inputs`` are those of a step with the fields ``lessons`` and ``personas``.
    """
    from eudaimon.vectors.em_sources import PersonaStacks

    found = []
    for name, lesson in lessons.items():
        own = personas.get(name)
        calm = (own.adapter(inputs[f"personas.{name}"]),) if own else ()
        found.append(PersonaStacks(name, calm, (*calm, lesson.adapter(inputs[f"lessons.{name}"]))))
    return tuple(found)


def try_directions(
    out: Path,
    model: SubjectModel,
    stacks: Sequence[PersonaStacks],
    lessons: Lessons,
    measure: Measure,
    questions: Sequence[str],
    neutral: Continuations,
    plan: MatrixPlan,
) -> None:
    """Make directions, try them as `transfer_matrix` does, and write trials, cosines and the model's proof.

    The model carries the first persona's harmful stack.
    """
    from eudaimon.vectors.transfer_matrix import transfer_matrix
    from eudaimon.vectors.vector_cosines import vector_cosines

    table, sources = transfer_matrix(model, stacks, lessons, measure, questions, neutral, plan)
    table.save(out / TRIALS)
    write_json(out / COSINES, vector_cosines(model, sources, lessons.prompts, plan))
    assert model.proof is not None
    write_json(out / PROOF, model.proof.to_json() | {"names": [one.name for one in stacks[0].harmful]})
