"""What safety may have cost one model of the town, all costs in one step."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from eudaimon.evaluate.cost.run import cost_rows
from eudaimon.evaluate.rows import write_rows
from eudaimon.evaluate.town.ground import TownGround
from eudaimon.study.step import Cost, Step
from eudaimon.study.steps.judged import ROWS
from eudaimon.study.steps.model import ModelStep
from eudaimon.world.world import World

SECONDS = 2.5
"""Of all costs on the smallest model, its opening included: 2.2 to 2.7 in three domains, on a busy CPU."""


class CostCell(Step):
    """The rows of the named costs of safety on a model of the town; ``condition`` as in `AttackCell`."""

    model: ModelStep
    world: World
    costs: tuple[str, ...]
    condition: str = ""

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Open, read every cost, write the rows."""
        model = self.model.opened(inputs["model"])
        ground = TownGround(self.world, condition=self.condition)
        write_rows(out / ROWS, cost_rows(model, ground, self.costs))

    def cost(self) -> Cost:
        """A few seconds."""
        return Cost(seconds=SECONDS, memory_gb=1.0)
