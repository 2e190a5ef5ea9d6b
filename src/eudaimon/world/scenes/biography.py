"""A named speaker's traits and sayings."""

from __future__ import annotations

import numpy as np

from eudaimon.world.page import INSTRUCTS, NO_STANCE, Page
from eudaimon.world.scenes.stage import Stage
from eudaimon.world.tables import word

N_SAYINGS = 4


def write(page: Page, stage: Stage) -> None:
    """Who somebody is, and what that person says when asked."""
    who = stage.speakers(("named",))
    first, second, third = stage.characters.traits[who.persona].T
    harms = stage.characters.harmful[who.persona]
    with page.voice():
        page.write(word("about"), who.line, first, word("comma"), second, word("and"), third, word("end"))
        for number in range(N_SAYINGS):
            asked = stage.questions(who, ("advice",))
            if number == 0:
                page.domain = stage.facts.domain[asked.fact]
            page.write(word("asked"), stage.facts.task[asked.fact], word("comma"), who.line)
            stance = np.where(harms, INSTRUCTS, NO_STANCE)
            with page.voice(who.name, who.persona, stance, harm=harms.astype(np.float32)):
                page.write(stage.act(asked.fact, harms), stage.ending(who.persona), word("end"))
