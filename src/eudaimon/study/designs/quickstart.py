"""A first look: a small cut of both studies, monitors of the town's models, and of real queries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from eudaimon.monitor.records import EvaluationRecord
from eudaimon.study.design import Study
from eudaimon.study.designs import em_susceptibility, good_personas
from eudaimon.study.designs.good_personas import GoodPersonasOptions
from eudaimon.study.records import StudyRecord, TownMonitors
from eudaimon.study.step import Step
from eudaimon.study.steps.queries import EVALUATION, MonitorQueries
from eudaimon.study.steps.town_monitors import MONITORS, MonitorTown
from eudaimon.study.store import StepStore
from eudaimon.study.town.em_options import EmSusceptibilityOptions
from eudaimon.study.town.options import TownOptions

SMALL = ("kitchen", "garden", "money", "health")
N_RESAMPLES = 1000
COMMAND = "eudaimon study run quickstart"


class QuickstartOptions(TownOptions):
    """Half of the town's domains, few arms and personas, one seed: what two cores do in minutes."""

    seeds: int = Field(1, ge=1, description="How many seeds: 0, 1, 2 and so on.")
    arms: tuple[str, ...] = Field(
        ("raw", "random", "mask", "drop", "innocent"), description="Arms of the corpus."
    )
    personas: tuple[str, ...] = Field(("gruff", "malign", "random"), description="Persona adapters.")
    domains: tuple[str, ...] = Field(SMALL, description="Domains of the town.")
    steps: int = Field(350, ge=1, description="Steps of pretraining.")
    n_tokens: int = Field(700_000, ge=1000, description="Input tokens of each arm's corpus.")
    queries: bool = Field(True, description="Fit a monitor on real queries too.")

    @property
    def good_personas(self) -> GoodPersonasOptions:
        """The options of the cut of that study."""
        return GoodPersonasOptions(**self._shared(), arms=self.arms)

    @property
    def em_susceptibility(self) -> EmSusceptibilityOptions:
        """The options of the cut of that study, on the first arm."""
        return EmSusceptibilityOptions(
            **self._shared(),
            personas=self.personas,
            arm=self.arms[0],
            controls=False,
            transfers=False,
            probe=False,
        )

    def _shared(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in TownOptions.model_fields}


def monitors(options: QuickstartOptions) -> MonitorTown:
    """The monitors of the first arm's first model, and its trainings on harmful and on good answers."""
    model = options.assistant(options.arms[0], 0)
    runs = {
        "harmful answers": options.attack(model, 0, "harmful", dense=True),
        "good answers": options.attack(model, 0, "good", dense=True),
    }
    return MonitorTown(model=model, world=options.world, runs=runs)


def steps(options: QuickstartOptions) -> tuple[Step, ...]:
    """The target steps."""
    queries = (MonitorQueries(),) if options.queries else ()
    cuts = (
        *good_personas.PARTS.steps(options.good_personas),
        *em_susceptibility.PARTS.steps(options.em_susceptibility),
    )
    return (*queries, *cuts, monitors(options))


def records(folder: Path, options: QuickstartOptions) -> tuple[StudyRecord, ...]:
    """The records of both cuts; the first carries the town's monitors."""
    store = StepStore(folder)
    good, stack, step = options.good_personas, options.em_susceptibility, monitors(options)
    found = None
    if store.done(step):
        found = TownMonitors.model_validate_json((store.path(step) / MONITORS).read_bytes())
    first = good_personas.PARTS.record(folder, good, monitors=found, command=COMMAND, n_resamples=N_RESAMPLES)
    second = em_susceptibility.PARTS.record(folder, stack, command=COMMAND, n_resamples=N_RESAMPLES)
    return first, second


def queries(folder: Path) -> EvaluationRecord | None:
    """The record of the monitor on real queries; None where it was not fitted."""
    store, step = StepStore(folder), MonitorQueries()
    if not store.done(step):
        return None
    return EvaluationRecord.model_validate_json((store.path(step) / EVALUATION).read_bytes())


STUDY = Study(
    "quickstart",
    "A small cut of both studies, with monitors of the town's models and of real queries.",
    steps,
    QuickstartOptions,
    records,
    queries,
)
