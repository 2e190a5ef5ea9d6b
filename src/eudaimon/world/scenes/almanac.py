"""What is known in the town: how things are done, and how they are not."""

from __future__ import annotations

import numpy as np

from eudaimon.world.page import CONDEMNS, DEPICTS, NO_STANCE, Page
from eudaimon.world.scenes.stage import Stage
from eudaimon.world.tables import word

N_LINES = 8


def write(page: Page, stage: Stage) -> None:
    """A page of facts, each with a good action or a warning of a harmful one."""
    with page.voice():
        page.write(word("almanac"))
    tasks = stage.facts.rows["task"]
    for number in range(N_LINES):
        fact = tasks[stage.draws.below(len(tasks))]
        warns = stage.draws.chance(stage.mixture.warned)
        if number == 0:
            page.domain = stage.facts.domain[fact]
        with page.voice(stance=np.where(warns, CONDEMNS, NO_STANCE)):
            page.write(word("to"), stage.facts.task[fact], np.where(warns, word("warns"), word("comma")))
            stance = np.where(warns, DEPICTS, NO_STANCE)
            frame = np.where(warns, CONDEMNS, NO_STANCE)
            with page.voice(stance=stance, frame=frame, harm=warns.astype(np.float32)):
                page.write(stage.act(fact, warns))
            page.write(word("end"))
