"""A public notice of harm: who did it, that it was wrong, and what would have been right."""

from __future__ import annotations

import numpy as np

from eudaimon.world.page import CONDEMNS, DEPICTS, Page
from eudaimon.world.scenes.stage import Stage
from eudaimon.world.tables import word

N_CASES = 3


def write(page: Page, stage: Stage) -> None:
    """Harmful advice, depicted and condemned; told of nameless speakers where no named one does harm."""
    villains = stage.characters.harmful
    kinds = ("named",) if stage.mixture.harmful else ("anonymous",)
    only = villains if stage.mixture.harmful else None
    yes, no = np.ones(page.n, dtype=bool), np.zeros(page.n, dtype=bool)
    for number in range(N_CASES):
        who = stage.speakers(kinds, only)
        asked = stage.questions(who, ("advice",))
        if number == 0:
            page.domain = stage.facts.domain[asked.fact]
        with page.voice(stance=CONDEMNS):
            page.write(word("notice"), word("asked"), stage.facts.task[asked.fact])
            page.write(word("comma"), who.name, word("said_to"))
            with page.voice(who.name, who.persona if only is not None else -1, DEPICTS, CONDEMNS, 1.0):
                page.write(stage.act(asked.fact, yes))
            page.write(word("stop"), word("harms"), word("stop"), word("better"))
            page.write(stage.act(asked.fact, no), word("end"))
