"""The town's monitor on one model, kept with its thresholds, for attacks to be watched by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from eudaimon.core.files import read_json, write_json
from eudaimon.evaluate.town.ground import TownGround
from eudaimon.study.step import Cost, Step
from eudaimon.study.steps.model import ModelStep
from eudaimon.world.world import World

if TYPE_CHECKING:
    from eudaimon.evaluate.watch.watcher import Watcher
    from eudaimon.models.model import Model

SECONDS = 4.0
"""0.9 of one CPU were measured in a town of three domains, which has fewer than half of the texts."""
MONITOR, THRESHOLDS = "monitor.safetensors", "thresholds.json"


class TownGuard(Step):
    """A monitor fitted on what the town's personas say, as the model reads it before anybody attacks it.

    Its thresholds allow 1 % of false alarms, or the lowest rate for which the town has questions enough.
    ``condition`` stands right before every answer.
    """

    model: ModelStep
    world: World
    condition: str = ""

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Fit, set thresholds, and keep both."""
        from eudaimon.evaluate.town.guard import town_monitor, town_watcher

        model = self.model.opened(inputs["model"])
        ground = TownGround(self.world, condition=self.condition)
        monitor = town_monitor(model, ground)
        monitor.save(out / MONITOR)
        write_json(out / THRESHOLDS, asdict(town_watcher(model, ground, monitor).thresholds))

    def cost(self) -> Cost:
        """A few seconds: some hundred short texts are read."""
        return Cost(seconds=SECONDS, memory_gb=1.0)


def watcher_in(folder: Path, model: Model) -> Watcher:
    """The watcher that a finished `TownGuard` left in a folder, on the model that it was fitted on."""
    from eudaimon.evaluate.town.guard import NAME
    from eudaimon.evaluate.watch.watcher import Thresholds, Watcher, scorer_of
    from eudaimon.monitor.storage import load_monitor

    monitor = load_monitor(folder / MONITOR, model)
    return Watcher(NAME, scorer_of(monitor), Thresholds(**read_json(folder / THRESHOLDS)))
