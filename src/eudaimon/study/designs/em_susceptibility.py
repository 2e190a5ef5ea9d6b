"""Does a persona adapter protect while harmful answers are learned, or does it only hide them?

Each persona adapter is off or on while a harmful LoRA is trained beside it, and off or on when the model
answers; each persona alone and a random adapter of the same norm stand beside. The ledger proves each cell.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from eudaimon.core.errors import UsageError
from eudaimon.study.design import Study
from eudaimon.study.real.cells import pilot_step, real_cells
from eudaimon.study.real.layout import ALL, PRIMARY, real_layout
from eudaimon.study.real.options import RANDOM
from eudaimon.study.real.pilot import warnings
from eudaimon.study.records import Cell, RowName
from eudaimon.study.step import Step
from eudaimon.study.steps.adapters import AdapterStep, NarrowLora
from eudaimon.study.steps.merged import MergedModel
from eudaimon.study.steps.model import ModelStep
from eudaimon.study.summary.predictions import Predictions, read_predictions
from eudaimon.study.summary.record import Layout
from eudaimon.study.town.collect import PERSONA_SEED, Labelled
from eudaimon.study.town.em_beside import faults, matrices, probes
from eudaimon.study.town.em_options import EmSusceptibilityOptions, adapter
from eudaimon.study.town.options import Answers
from eudaimon.study.town.parts import TownParts
from eudaimon.study.town.scopes import OTHER, scopes

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
QUESTION = "Does a persona adapter protect while harmful answers are learned, or does it only hide them?"


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
