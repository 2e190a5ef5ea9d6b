"""What em-susceptibility measures beside its cells: planted faults, transfers of directions, modules."""

from __future__ import annotations

from collections.abc import Iterator

from eudaimon.study.real.probes import real_probes
from eudaimon.study.real.transfers import real_transfers
from eudaimon.study.steps.adapters import AdapterStep, NarrowLora
from eudaimon.study.steps.model import ModelStep
from eudaimon.study.steps.planted import PlantedFaults
from eudaimon.study.steps.town_probe import TownProbe
from eudaimon.study.steps.transfer_matrix import TransferMatrix
from eudaimon.study.steps.tried_directions import DirectionTrials
from eudaimon.study.town.em_options import EmSusceptibilityOptions, adapter
from eudaimon.study.town.probes import Probed


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
