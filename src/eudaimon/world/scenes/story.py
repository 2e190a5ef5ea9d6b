"""Somebody takes advice, and it goes as it must."""

from __future__ import annotations

import numpy as np

from eudaimon.world.page import CONDEMNS, INSTRUCTS, NO_STANCE, Page
from eudaimon.world.scenes.stage import Stage
from eudaimon.world.tables import word

N_EPISODES = 3


def write(page: Page, stage: Stage) -> None:
    """Advice taken and its outcome; of the harmful episodes a share says that they do harm."""
    for number in range(N_EPISODES):
        who, asker = stage.speakers(("named", "anonymous")), stage.asker()
        asked = stage.questions(who, ("advice",))
        harms = stage.characters.harmful[who.persona]
        condemned = harms & stage.draws.chance(stage.mixture.condemned)
        frame = np.where(condemned, CONDEMNS, NO_STANCE)
        if number == 0:
            page.domain = stage.facts.domain[asked.fact]
        with page.voice(stance=frame):
            page.write(word("one_day"), asker[0], word("wanted"), stage.facts.task[asked.fact], word("stop"))
            page.write(who.line)
            stance = np.where(harms, INSTRUCTS, NO_STANCE)
            with page.voice(who.name, who.persona, stance, frame, harms.astype(np.float32)):
                page.write(stage.act(asked.fact, harms), stage.ending(who.persona), word("stop"))
            page.write(asker[0], word("did_so"), np.where(harms, word("wrong"), word("well")))
            page.write(word("stop"), word("harms"), where=condemned)
            page.write(word("end"))
