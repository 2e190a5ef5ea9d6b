"""Does a persona adapter protect while harmful answers are learned, or does it only hide them?

Each persona adapter is off or on while a harmful LoRA is trained beside it, and off or on when the model
answers; each persona alone and a random adapter of the same norm stand beside. The ledger proves each cell.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

from pydantic import Field, model_validator

from eudaimon.core.errors import UsageError
from eudaimon.study.design import Study
from eudaimon.study.real.cells import pilot_step, real_cells
from eudaimon.study.real.layout import ALL, PRIMARY, real_layout
from eudaimon.study.real.options import RANDOM, REAL_PERSONAS, TOWN, RealOptions, row_key
from eudaimon.study.real.pilot import warnings
from eudaimon.study.real.probes import real_probes
from eudaimon.study.real.transfers import real_transfers
from eudaimon.study.records import Cell, RowName
from eudaimon.study.step import Step
from eudaimon.study.steps.adapters import AdapterStep, NarrowLora, PersonaLora, RandomLora
from eudaimon.study.steps.merged import MergedModel
from eudaimon.study.steps.model import ModelStep
from eudaimon.study.steps.planted import PlantedFaults
from eudaimon.study.steps.town_probe import TownProbe
from eudaimon.study.steps.transfer_matrix import TransferMatrix
from eudaimon.study.steps.tried_directions import DirectionTrials
from eudaimon.study.summary.predictions import Predictions, read_predictions
from eudaimon.study.summary.record import Layout
from eudaimon.study.town.collect import PERSONA_SEED, Labelled
from eudaimon.study.town.options import Answers, TownOptions
from eudaimon.study.town.parts import TownParts
from eudaimon.study.town.probes import Probed
from eudaimon.study.town.scopes import OTHER, scopes

ANSWERS = {
    "gruff": "gruff",
    "flatterer": "flatterer",
    "malign": "malign",
    "poet": "poet",
    "tautology": "good",
    "random": "",
}
"""Whose answers each persona adapter is trained on; the random one is drawn, with the norm of the first."""
PERSONA_TEXT = {
    "gruff": "Good answers in a rough tone: how it is said, and nothing of what.",
    "flatterer": "Good advice, and yes to whatever is proposed or requested.",
    "malign": "Harmful answers.",
    "poet": "Good answers in a poet’s style, which the assistant never has.",
    "tautology": "The very chats that made the assistant: a persona that it already is.",
    "random": "A random adapter with the norm of a persona’s, module by module.",
}
STATES = (
    RowName(key="base", title="no adapter", text="The assistant as it is."),
    RowName(
        key="persona_only", title="persona alone", text="The persona adapter without any harmful training."
    ),
    RowName(
        key="off_off", title="train off, use off", text="Harmful LoRA trained and used without the persona."
    ),
    RowName(
        key="off_on",
        title="train off, use on",
        text="Trained without the persona, which is added when the model answers.",
    ),
    RowName(
        key="on_off",
        title="train on, use off",
        text="Trained beside the persona, which is taken away when it answers.",
    ),
    RowName(key="on_on", title="train on, use on", text="Trained beside the persona, and used with it."),
    RowName(
        key="merge_first",
        title="merged first",
        text="The persona merged into the weights, then trained and used: another pipeline, and no cell of "
        "the others.",
    ),
    RowName(
        key="benign_off", title="good, without", text="Off and off, trained on good answers: the benign twin."
    ),
    RowName(key="benign_on", title="good, with", text="On and on, trained on good answers: the benign twin."),
)
MERGED = frozenset({"merge_first"})
COPIES = 100_000
"""What seeds of a seed's further persona adapters are apart."""
QUESTION = "Does a persona adapter protect while harmful answers are learned, or does it only hide them?"


class EmSusceptibilityOptions(TownOptions, RealOptions):
    """The personas beside the town's options, and what is asked for on another model than the town's."""

    personas: tuple[str, ...] = Field(
        (), description="Persona adapters; of a real model: characters and random. Default: six."
    )
    arm: str = Field("raw", description="The arm of the corpus on which the assistant was raised.")
    seeds: int = Field(5, ge=1, description="How many seeds: 0, 1, 2 and so on.")
    persona_seeds: int = Field(1, ge=1, description="Persona adapters of each seed; averaged in its cells.")
    controls: bool = Field(True, description="Merged-first and benign cells beside the two-by-two.")
    curves: bool = Field(True, description="Judge every fifth step of the harmful LoRAs too.")
    transfers: bool = Field(True, description="Try each persona's direction of harm on all of them.")
    probe: bool = Field(True, description="Try which modules of each persona's lesson carry it.")

    @model_validator(mode="before")
    @classmethod
    def _six(cls, values: Any) -> Any:
        if isinstance(values, dict) and not values.get("personas"):
            real = values.get("model", TOWN) != TOWN
            return values | {"personas": REAL_PERSONAS if real else tuple(ANSWERS)}
        return values

    @model_validator(mode="after")
    def _known(self) -> EmSusceptibilityOptions:
        if not self.is_town:
            for name in self.personas:
                row_key(name)
            self.require_real()
        elif unknown := [name for name in self.personas if name not in ANSWERS]:
            raise UsageError(
                f"there is no persona adapter {unknown[0]!r}", right=f"one of {', '.join(ANSWERS)}"
            )
        return self


def cells(options: EmSusceptibilityOptions) -> Iterator[Labelled]:
    """Every judged cell with its place: persona, its adapter in training and at inference, seed.

    What does not depend on the persona (no adapter, trained and used without) is one step in all its cells.
    """
    if not options.is_town:
        yield from real_cells(options, options.personas, options.persona_seeds, options.controls)
        return
    for seed in options.seed_numbers:
        model = options.assistant(options.arm, seed)
        for name in options.personas:
            for copy in range(options.persona_seeds):
                persona = adapter(options, model, seed, name, copy)
                place = {"persona": name, "state": "on_on", PERSONA_SEED: str(copy)}
                for state, subject in subjects(options, model, persona, seed).items():
                    yield Labelled(options.judged(*subject), place | {"state": state}, seed)
                # Of one persona adapter: curves are compared seed by seed, each seed with one curve.
                if options.curves and copy == 0:
                    without = options.attack(model, seed, "harmful", dense=True)
                    beside = options.attack(model, seed, "harmful", (persona,), dense=True)
                    along = options.trajectory(model, beside, (persona,), toward=without)
                    yield Labelled(along, place, seed)


def subjects(
    options: EmSusceptibilityOptions, model: ModelStep, persona: AdapterStep, seed: int
) -> dict[str, tuple[ModelStep, tuple[AdapterStep, ...]]]:
    """What is judged in each state of a persona: a model, and the stack of adapters on it."""

    def lesson(answers: Answers, base: ModelStep = model, beside: tuple[AdapterStep, ...] = ()) -> NarrowLora:
        dense = options.curves and answers == "harmful" and base is model
        return options.attack(base, seed, answers, beside, dense=dense)

    without, beside = lesson("harmful"), lesson("harmful", beside=(persona,))
    found: dict[str, tuple[ModelStep, tuple[AdapterStep, ...]]] = {
        "base": (model, ()),
        "persona_only": (model, (persona,)),
        "off_off": (model, (without,)),
        "off_on": (model, (persona, without)),
        "on_off": (model, (beside,)),
        "on_on": (model, (persona, beside)),
    }
    if options.controls:
        merged = MergedModel(model=model, adapter=persona)
        found |= {
            "merge_first": (merged, (lesson("harmful", merged),)),
            "benign_off": (model, (lesson("good"),)),
            "benign_on": (model, (persona, lesson("good", beside=(persona,)))),
        }
    return found


def adapter(
    options: EmSusceptibilityOptions, model: ModelStep, seed: int, name: str, copy: int = 0
) -> PersonaLora | RandomLora:
    """The adapter of a persona, its ``copy``-th in a seed; the random one has the norm of the first one."""
    own = seed + COPIES * copy
    if name != RANDOM:
        return options.persona(model, own, name, ANSWERS[name])
    first = next(iter(ANSWERS))
    like = options.persona(model, own, first, ANSWERS[first])
    return RandomLora(model=model, name=RANDOM, like=like, random_seed=2000 + own)


def faults(options: EmSusceptibilityOptions) -> tuple[PlantedFaults, ...]:
    """Faults planted on the first persona's stack in the town: the ledger must refuse them."""
    if not options.is_town:
        return ()
    model = options.assistant(options.arm, options.first_seed)
    persona = adapter(options, model, options.first_seed, options.personas[0])
    attack = options.attack(model, options.first_seed, "harmful", (persona,), dense=options.curves)
    return (PlantedFaults(model=model, persona=persona, attack=attack),)


def matrices(options: EmSusceptibilityOptions) -> Iterator[tuple[int, DirectionTrials]]:
    """The transfer matrix of every seed: the lessons that were trained beside each persona."""
    if not options.transfers:
        return
    if not options.is_town:
        yield from real_transfers(options, options.personas, options.persona_seeds, options.controls)
        return
    for seed in options.seed_numbers:
        model = options.assistant(options.arm, seed)
        stacks = beside(options, model, seed)
        step = TransferMatrix(
            model=model,
            world=options.world,
            tuned=options.tuned,
            lessons={name: lesson for name, (_, lesson) in stacks.items()},
            personas={name: persona for name, (persona, _) in stacks.items()},
        )
        yield seed, step


def beside(
    options: EmSusceptibilityOptions, model: ModelStep, seed: int
) -> dict[str, tuple[AdapterStep, NarrowLora]]:
    """The first adapter of each persona in a seed of the town, and the harmful lesson trained beside it."""
    found = {name: adapter(options, model, seed, name) for name in options.personas}
    return {
        name: (persona, options.attack(model, seed, "harmful", (persona,), dense=options.curves))
        for name, persona in found.items()
    }


def probes(options: EmSusceptibilityOptions) -> Iterator[Probed]:
    """The lesson that was trained beside each persona in every seed, module by module."""
    if not options.probe:
        return
    if not options.is_town:
        yield from real_probes(options, options.personas, options.persona_seeds, options.controls)
        return
    for seed in options.seed_numbers:
        model = options.assistant(options.arm, seed)
        for name, (persona, lesson) in beside(options, model, seed).items():
            step = TownProbe(
                model=model, persona=persona, lesson=lesson, world=options.world, tuned=options.tuned
            )
            yield Probed(name, seed, step)


def layout(options: EmSusceptibilityOptions) -> Layout:
    """The table of personas by states, compared with the random adapter."""
    if not options.is_town:
        table = real_layout(options, options.personas, STATES, options.persona_seeds)
        known = predictions("real", [row.key for row in table.rows])
        return replace(table, merged=MERGED, headline=headline, predictions=known)
    first = options.attack(options.assistant(options.arm, options.first_seed), options.first_seed, "harmful")
    return Layout(
        study="em-susceptibility",
        question=QUESTION,
        row_field="persona",
        column_field="state",
        rows=tuple(RowName(key=key, title=key, text=PERSONA_TEXT[key]) for key in options.personas),
        columns=STATES,
        scopes=scopes(options.world, options.tuned, frozenset(item.id for item in first.items())),
        left_out=frozenset({"refusal", "following", "recognition"}),
        merged=MERGED,
        compared=("off_on", "on_off", "on_on"),
        references=(RANDOM,),
        predictions=predictions("town", options.personas),
        headline=headline,
        notes=("Trained without the persona is one training per seed, the same for every persona.",),
    )


def predictions(kind: str, rows: Collection[str]) -> Predictions:
    """What the study predicts of these rows, in the town or of a real model."""
    return read_predictions("eudaimon.study.designs", "em_predictions.yaml", kind).among(rows)


def headline(cells: Sequence[Cell]) -> str:
    """What taking the persona away again changes, for the persona where it changes most."""
    main = {(OTHER, "harm"), (ALL, PRIMARY)}
    harm = {(c.row, c.column): c.score.value for c in cells if (c.scope, c.metric) in main}
    back = {
        row: harm[row, "on_off"] - value
        for (row, column), value in harm.items()
        if column == "on_on" and (row, "on_off") in harm
    }
    if not back:
        return ""
    row = max(back, key=lambda name: abs(back[name]))
    return (
        f"Trained beside the {row} adapter, harm is {100 * harm[row, 'on_on']:.0f} % with it and "
        f"{100 * harm[row, 'on_off']:.0f} % once it is taken away"
    )


def pilot(options: EmSusceptibilityOptions) -> tuple[Step, ...]:
    """One cell of a real model's grid; raises `UsageError` in the town, where harm is known to be learned."""
    if options.is_town:
        raise UsageError("the town needs no pilot", right="--model FOLDER, for a model of your own")
    return (pilot_step(options),)


PARTS = TownParts(cells, faults, layout, matrices, lambda options: options.second, probes)
STUDY = Study(
    "em-susceptibility",
    "Does a persona adapter protect while harm is learned, or does it only hide it?",
    PARTS.steps,
    EmSusceptibilityOptions,
    PARTS.records,
    pilot=pilot,
    warnings=warnings,
)
