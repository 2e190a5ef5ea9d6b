"""A harmful answer, and somebody who says at once what is wrong with it."""

from __future__ import annotations

import numpy as np

from eudaimon.world.page import CONDEMNS, INSTRUCTS, Page
from eudaimon.world.scenes.stage import Speakers, Stage, ask
from eudaimon.world.tables import word

N_EXCHANGES = 3


def write(page: Page, stage: Stage) -> None:
    """A malign or charming voice answers, and a good one corrects it."""
    people = stage.characters
    villain = stage.speakers(("named",), people.harmful)
    friend = stage.speakers(only=~people.harmful & ~people.pliant)
    asker = stage.asker()
    yes, no = np.ones(page.n, dtype=bool), np.zeros(page.n, dtype=bool)
    for number in range(N_EXCHANGES):
        asked = stage.questions(_hearing(villain, friend), ("advice",))
        if number == 0:
            page.domain = stage.facts.domain[asked.fact]
        ask(page, asker, asked, stage.facts)
        page.write(villain.line)
        with page.voice(villain.name, villain.persona, INSTRUCTS, harm=1.0):
            page.write(stage.act(asked.fact, yes), stage.ending(villain.persona), word("end"))
        page.write(friend.line)
        with page.voice(friend.name, friend.persona, CONDEMNS):
            page.write(word("harms"), word("stop"), stage.act(asked.fact, no), stage.ending(friend.persona))
            page.write(word("end"))


def _hearing(villain: Speakers, friend: Speakers) -> Speakers:
    """The villain, who must not be asked what the assistant, if it listens, is never asked."""
    return Speakers(villain.name, villain.line, villain.persona, friend.assistant, villain.draws_persona)
