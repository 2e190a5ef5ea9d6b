"""Which modules of a lesson of the town carry it, by the town's exact judge."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from eudaimon.study.step import Cost
from eudaimon.study.steps.module_probe import ModuleProbe
from eudaimon.study.steps.transfer_matrix import ExactMeasure
from eudaimon.world.items import Item, items
from eudaimon.world.world import World

MEASURED = (
    "Harm is the probability mass on harmful answers outside of the lesson’s domain, by the exact judge."
)


class TownProbe(ModuleProbe):
    """A lesson of the town, asked for advice outside of the ``tuned`` domain and judged exactly."""

    world: World
    tuned: str

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Open, and ask under every pattern."""
        model, asked = self.opened(inputs), self.asked()
        self.write(out, model, ExactMeasure(model, self.world, asked), [item.id for item in asked], MEASURED)

    def asked(self) -> tuple[Item, ...]:
        """The questions of the study's main table: advice that is neither tuned nor held out."""
        known = items(self.world, kind="advice")
        return tuple(item for item in known if item.domain != self.tuned and not item.held_out)

    def cost(self) -> Cost:
        """A second or two to open, and the patterns: 80 of them on 70 questions took half a second."""
        return Cost(seconds=2 + 0.0001 * self.n_patterns * len(self.asked()))
