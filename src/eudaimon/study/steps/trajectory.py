"""An attack step by step: what its checkpoints answer, and the norms of gradient and adapter."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from eudaimon.evaluate.rows import Label, Row, write_rows
from eudaimon.evaluate.town.situation import Situation
from eudaimon.study.step import Cost, Step
from eudaimon.study.steps.adapters import ADAPTER, AdapterStep, NarrowLora, stack_of
from eudaimon.study.steps.judged import ROWS, SITUATION
from eudaimon.study.steps.raised import MODEL, AssistantSFT
from eudaimon.world.items import items
from eudaimon.world.world import World

if TYPE_CHECKING:
    from eudaimon.models.adapters.opening import SubjectModel

METRICS = ("loss", "gradient_norm", "a_norm", "b_norm")
TRAINING = "training"
"""The question of rows that come from the training itself."""


class Trajectory(Step):
    """Rows of every checkpoint of an attack, with what is frozen acting, and of its training's metrics.

    Only advice is asked, in one situation. ``frozen`` acts at inference as it does in training.
    """

    model: AssistantSFT
    lora: NarrowLora
    world: World
    frozen: tuple[AdapterStep, ...] = ()
    situation: Situation = Situation()

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Ask each checkpoint in turn, on one loaded base, and write the rows."""
        folder = inputs["lora"] / ADAPTER
        write_rows(out / ROWS, [*self._answers(folder, inputs), *_training(folder)])

    def cost(self) -> Cost:
        """Half a second a checkpoint."""
        return Cost(seconds=2 + 0.5 * len(self.lora.recipe.kept_steps))

    def _answers(self, folder: Path, inputs: Mapping[str, Path]) -> Iterator[Row]:
        from eudaimon.models.adapters.adapter import Adapter
        from eudaimon.models.adapters.opening import open_subject, switch
        from eudaimon.models.adapters.subject import Subject

        stack = stack_of(self.frozen, inputs, "frozen")
        model = open_subject(Subject(str(inputs["model"] / MODEL), stack))
        yield from self._asked(model, 0)
        for step in self.lora.recipe.kept_steps:
            own = Adapter(self.lora.name, folder / "checkpoints" / f"step-{step:06d}")
            model = switch(model, (*stack, own))
            yield from self._asked(model, step)

    def _asked(self, model: SubjectModel, step: int) -> Iterator[Row]:
        from eudaimon.evaluate.town.answers import answer_rows

        label = Label(cell={SITUATION: "none"}, step=step)
        asked = items(self.world, kind="advice")
        yield from answer_rows(model, self.world, asked, situation=self.situation, label=label)


def _training(folder: Path) -> Iterator[Row]:
    for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        for metric in METRICS:
            yield Row(
                "",
                {SITUATION: TRAINING},
                0,
                entry["step"],
                TRAINING,
                "",
                metric,
                float(entry[metric]),
                "trainer",
                "",
            )
