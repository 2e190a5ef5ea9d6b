"""The transfer matrices of em-susceptibility on a model of the user's own: one for each seed."""

from __future__ import annotations

from collections.abc import Iterator

from eudaimon.study.real.cells import beside, first_grid
from eudaimon.study.real.options import RealOptions
from eudaimon.study.steps.given_transfers import GivenTransfers


def real_transfers(
    options: RealOptions, personas: tuple[str, ...], copies: int, controls: bool
) -> Iterator[tuple[int, GivenTransfers]]:
    """Each seed with its matrix: the lessons that were trained beside the first adapter of each persona.

    All take their pairs of answers from the first seed's grid: they measure on the same questions, and more
    seeds change none that is finished.
    """
    judged = first_grid(options, personas, copies, controls)
    for seed in options.seed_numbers:
        stacks = beside(options, personas, seed)
        yield (
            seed,
            GivenTransfers(
                model=options.given,
                answers=judged.answers,
                judged=judged,
                lessons={row: lesson for row, (_, lesson) in stacks.items()},
                personas={row: persona for row, (persona, _) in stacks.items()},
            ),
        )
