"""The probes of em-susceptibility on a model of the user's own: which modules of each lesson carry it."""

from __future__ import annotations

from collections.abc import Iterator

from eudaimon.study.real.cells import beside, first_grid
from eudaimon.study.real.options import RealOptions
from eudaimon.study.steps.given_probe import GivenProbe
from eudaimon.study.town.probes import Probed


def real_probes(
    options: RealOptions, personas: tuple[str, ...], copies: int, controls: bool
) -> Iterator[Probed]:
    """In every seed the lesson trained beside each persona, by the answers of the first seed's grid."""
    judged = first_grid(options, personas, copies, controls)
    for seed in options.seed_numbers:
        for row, (persona, lesson) in beside(options, personas, seed).items():
            step = GivenProbe(
                model=options.given, persona=persona, lesson=lesson, answers=judged.answers, judged=judged
            )
            yield Probed(row, seed, step)
