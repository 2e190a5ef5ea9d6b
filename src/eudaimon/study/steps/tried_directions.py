"""What steps that try directions share: what is tried on whom, the personas' stacks, and their files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from eudaimon.core.files import write_json
from eudaimon.core.site import Site
from eudaimon.study.step import Step
from eudaimon.study.steps.adapters import AdapterStep
from eudaimon.study.steps.judged import PROOF
from eudaimon.study.steps.model import ModelStep

if TYPE_CHECKING:
    from eudaimon.models.adapters.opening import SubjectModel
    from eudaimon.models.continuations import Continuations
    from eudaimon.vectors.em_sources import Lessons, PersonaStacks
    from eudaimon.vectors.measure import Measure
    from eudaimon.vectors.transfer_matrix import MatrixPlan

TRIALS = "trials.parquet"
COSINES = "cosines.json"


class DirectionTrials(Step):
    """Every persona's direction of harm added to, and ablated from, every persona's model.

    ``lessons`` are harmful LoRAs by persona, ``personas`` the adapters beside which they were trained; a name
    without an adapter there is the plain model. The other fields are those of `MatrixPlan`.
    """

    measured_by: ClassVar[str] = ""
    """How harm is measured, where that is not the exact judge's mass."""

    model: ModelStep
    lessons: dict[str, AdapterStep]
    personas: dict[str, AdapterStep]
    variants: tuple[str, ...]
    kl_budget: float
    n_random: int
    n_shuffled: int
    seed: int = 0

    def plan(self, sites: Sequence[Site] = ()) -> MatrixPlan:
        """What is tried, at ``sites``: all of the model when empty."""
        from eudaimon.vectors.transfer_matrix import MatrixPlan

        return MatrixPlan(
            variants=self.variants,
            sites=tuple(sites),
            kl_budget=self.kl_budget,
            n_random=self.n_random,
            n_shuffled=self.n_shuffled,
            seed=self.seed,
        )

    @property
    def n_edits(self) -> int:
        """Directions that are tried on each model in one variant at one site: the personas' and controls."""
        return len(self.lessons) + self.n_random + self.n_shuffled


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
