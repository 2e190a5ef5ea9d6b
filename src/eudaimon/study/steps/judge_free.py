"""What one model of the town tells of the bad persona without a judge."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from eudaimon.evaluate.battery.judge_free import SEPARABILITY, Texts
from eudaimon.evaluate.cost.cost import SEPARATOR
from eudaimon.evaluate.judge_free.choice import matched_rows
from eudaimon.evaluate.judge_free.separability import separability
from eudaimon.evaluate.rows import Label, write_rows
from eudaimon.evaluate.subject import subject_hash
from eudaimon.evaluate.town.ground import TownGround
from eudaimon.study.step import Cost, Step
from eudaimon.study.steps.judged import ROWS
from eudaimon.study.steps.model import ModelStep
from eudaimon.world.world import World

SHUFFLED, EVERY = "shuffled", "pairs"
"""The metric of what 97.5 % of shuffled labels stay under, and the one question of a layer's rows."""
SECONDS = 5.0
"""On the smallest model in three domains, on a busy CPU."""


class JudgeFreeCell(Step):
    """Likelihood and forced choice by question, and one row of AUROC a layer; ``condition`` as in `CostCell`.

    A layer's metrics are ``separability:LAYER``, and ``shuffled:LAYER`` for what shuffled labels give.
    """

    model: ModelStep
    world: World
    condition: str = ""

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Open, read, write the rows."""
        model = self.model.opened(inputs["model"])
        texts = Texts.of_town(TownGround(self.world, condition=self.condition))
        label = Label()
        rows = matched_rows(model, texts.spoken, label=label, show_progress=False)
        subject = subject_hash(model, label)
        for layer in separability(model, texts.probed):
            for name, value in ((SEPARABILITY, layer.auroc.value), (SHUFFLED, layer.shuffled.high)):
                if value is not None:
                    metric = f"{name}{SEPARATOR}{layer.layer}"
                    rows.append(label.row(EVERY, "0", metric, value, judge="probe", subject=subject))
        write_rows(out / ROWS, rows)

    def cost(self) -> Cost:
        """A few seconds."""
        return Cost(seconds=SECONDS, memory_gb=1.0)
