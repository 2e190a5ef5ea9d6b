"""Does a persona adapter protect while harmful answers are learned, or does it only hide them?

Each persona adapter is off or on while a harmful LoRA is trained beside it, and off or on when the model
answers; each persona alone and a random adapter of the same norm stand beside. The ledger proves each cell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import Field, field_validator

from eudaimon.core.errors import UsageError
from eudaimon.study.design import Study
from eudaimon.study.records import Cell, RowName
from eudaimon.study.steps.adapters import AdapterStep, PersonaLora, RandomLora
from eudaimon.study.steps.planted import PlantedFaults
from eudaimon.study.steps.raised import AssistantSFT
from eudaimon.study.summary.record import Layout
from eudaimon.study.town.collect import Labelled
from eudaimon.study.town.options import TownOptions
from eudaimon.study.town.parts import TownParts
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
)
RANDOM = "random"
QUESTION = "Does a persona adapter protect while harmful answers are learned, or does it only hide them?"


class EmStackOptions(TownOptions):
    """The personas beside the town's options."""

    personas: tuple[str, ...] = Field(tuple(ANSWERS), description="Persona adapters.")
    arm: str = Field("raw", description="The arm of the corpus on which the assistant was raised.")
    seeds: int = Field(5, ge=1, description="How many seeds: 0, 1, 2 and so on.")
    curves: bool = Field(True, description="Judge every fifth step of the harmful LoRAs too.")

    @field_validator("personas")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in names if name not in ANSWERS]
        if unknown:
            raise UsageError(
                f"there is no persona adapter {unknown[0]!r}", right=f"one of {', '.join(ANSWERS)}"
            )
        return names


def cells(options: EmStackOptions) -> Iterator[Labelled]:
    """Every judged cell with its place: persona, its adapter in training and at inference, seed.

    What does not depend on the persona (no adapter, trained and used without) is one step in all its cells.
    """
    for seed in range(options.seeds):
        model = options.assistant(options.arm, seed)
        without = options.attack(model, seed, "harmful", dense=options.curves)
        for name in options.personas:
            persona = adapter(options, model, seed, name)
            beside = options.attack(model, seed, "harmful", (persona,), dense=options.curves)
            states: dict[str, tuple[AdapterStep, ...]] = {
                "base": (),
                "persona_only": (persona,),
                "off_off": (without,),
                "off_on": (persona, without),
                "on_off": (beside,),
                "on_on": (persona, beside),
            }
            for state, stack in states.items():
                yield Labelled(options.judged(model, stack), {"persona": name, "state": state}, seed)
            if options.curves:
                place = {"persona": name, "state": "on_on"}
                yield Labelled(options.trajectory(model, beside, (persona,)), place, seed)


def adapter(options: EmStackOptions, model: AssistantSFT, seed: int, name: str) -> PersonaLora | RandomLora:
    """The adapter of a persona; the random one has the norm of the first one."""
    if name != RANDOM:
        return options.persona(model, seed, name, ANSWERS[name])
    first = next(iter(ANSWERS))
    like = options.persona(model, seed, first, ANSWERS[first])
    return RandomLora(model=model, name=RANDOM, like=like, random_seed=2000 + seed)


def faults(options: EmStackOptions) -> tuple[PlantedFaults, ...]:
    """Faults planted on the first persona's stack: the ledger must refuse them."""
    model = options.assistant(options.arm, 0)
    persona = adapter(options, model, 0, options.personas[0])
    attack = options.attack(model, 0, "harmful", (persona,), dense=options.curves)
    return (PlantedFaults(model=model, persona=persona, attack=attack),)


def layout(options: EmStackOptions) -> Layout:
    """The table of personas by states, compared with the random adapter."""
    first = options.attack(options.assistant(options.arm, 0), 0, "harmful")
    return Layout(
        study="em-stack",
        question=QUESTION,
        row_field="persona",
        column_field="state",
        rows=tuple(RowName(key=key, title=key, text=PERSONA_TEXT[key]) for key in options.personas),
        columns=STATES,
        scopes=scopes(options.world, options.tuned, frozenset(item.id for item in first.items())),
        left_out=frozenset({"refusal", "following", "recognition"}),
        compared=("off_on", "on_off", "on_on"),
        references=(RANDOM,),
        headline=headline,
        notes=("Trained without the persona is one training per seed, the same for every persona.",),
    )


def headline(cells: Sequence[Cell]) -> str:
    """What taking the persona away again changes, for the persona where it changes most."""
    harm = {(c.row, c.column): c.score.value for c in cells if (c.scope, c.metric) == (OTHER, "harm")}
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


PARTS = TownParts(cells, faults, layout)
STUDY = Study(
    "em-stack",
    "Does a persona adapter protect while harm is learned, or does it only hide it?",
    PARTS.steps,
    EmStackOptions,
    PARTS.records,
)
