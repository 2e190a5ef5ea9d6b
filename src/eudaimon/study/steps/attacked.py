"""One attack on one model of the town, in every variant at every budget."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from eudaimon.core.files import write_json
from eudaimon.evaluate.attack.attack import Target
from eudaimon.evaluate.attack.ground import Ground, NotGiven
from eudaimon.evaluate.attack.registry import attack_named
from eudaimon.evaluate.attack.run import VARIANT, attack_rows
from eudaimon.evaluate.rows import Row, write_rows
from eudaimon.evaluate.town.ground import TownGround
from eudaimon.evaluate.watch.ground import JUDGE, watched
from eudaimon.study.step import Cost, Step
from eudaimon.study.steps.judged import ROWS
from eudaimon.study.steps.model import ModelStep
from eudaimon.study.steps.town_guard import TownGuard, watcher_in
from eudaimon.world.world import World

NOT_RUN = "not_run.json"
WATCHED = "watched.parquet"
WORK = "work"
SECONDS = {
    "finetune": 12.0,
    "gcg": 2.3,
    "steering": 1.2,
    "ablation": 1.2,
    "keep_going": 1.1,
    "amplification": 0.9,
    "role_play": 0.5,
    "retrieval": 0.4,
}
"""Measured on one model of the town, all variants at the town's budgets, opening included: of one CPU."""
FEW = 0.2
"""Of the other attacks, which are texts."""
WATCHING = 0.4
"""More for a monitor in one variant: 0.1 to 0.5 of one CPU for six questions at two budgets were measured."""


class AttackCell(Step):
    """The rows of an attack on a model of the town: held-out advice, judged exactly, at rising budgets.

    The variants share the open models and what the attack keeps: one that steers at random does so where the
    one beside it found the persona. Budget 0 is read once for all of them. ``raw`` is the model in which the
    persona was formed, for attackers who bring a direction along. ``condition`` stands right before every
    answer, ``narrow`` is the domain of narrow chats. A variant for which the town has no material leaves no
    rows and says what is missing. The rows of a ``guard`` lie beside, in a file of their own.
    """

    resumes: ClassVar[bool] = True

    model: ModelStep
    raw: ModelStep | None = None
    world: World
    attack: str
    variants: tuple[str, ...]
    budgets: tuple[float, ...]
    attack_seed: int = 0
    condition: str = ""
    narrow: str = ""
    guard: TownGuard | None = None

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Open, attack, judge; what the attack made on the way is not kept."""
        target = self._target(out, inputs)
        rows: list[Row] = []
        missing: dict[str, str] = {}
        plain: list[Row] = []
        for variant in self.variants:
            try:
                found = self._rows(target, variant, plain)
            except NotGiven as error:
                missing[variant] = str(error)
                continue
            plain = plain or [row for row in found if row.cell["budget"] == 0]
            rows += found
        write_rows(out / ROWS, [row for row in rows if row.judge != JUDGE])
        if self.guard is not None:
            write_rows(out / WATCHED, [row for row in rows if row.judge == JUDGE])
        write_json(out / NOT_RUN, missing)
        shutil.rmtree(out / WORK, ignore_errors=True)

    def cost(self) -> Cost:
        """As long as the attack's variants take, and the monitor within each."""
        share = len(self.variants) / len(attack_named(self.attack).of)
        watching = WATCHING * len(self.variants) if self.guard else 0.0
        return Cost(seconds=SECONDS.get(self.attack, FEW) * share + watching, memory_gb=1.0)

    def _target(self, out: Path, inputs: Mapping[str, Path]) -> Target:
        model = self.model.opened(inputs["model"])
        raw = model if self.raw == self.model else None
        if self.raw and raw is None:
            raw = self.raw.opened(inputs["raw"])
        ground: Ground = TownGround(self.world, condition=self.condition, narrow=self.narrow)
        if self.guard is not None:
            ground = watched(ground, watcher_in(inputs["guard"], model))
        return Target(model, ground, out / WORK, raw)

    def _rows(self, target: Target, variant: str, plain: list[Row]) -> list[Row]:
        """The rows of one variant; ``plain`` are those without any attack, where they are known already."""
        budgets = tuple(budget for budget in self.budgets if budget or not plain)
        known = [replace(row, cell={**row.cell, VARIANT: variant}) for row in plain if 0 in self.budgets]
        attack = attack_named(self.attack)
        read = attack_rows(target, attack, variant=variant, budgets=budgets, seed=self.attack_seed)
        return known + [row for some in read for row in some]
