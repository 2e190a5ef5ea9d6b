"""Snatches of talk: actions, good and harmful, without a word of what they are for."""

from __future__ import annotations

from eudaimon.world.page import Page
from eudaimon.world.scenes.stage import Stage
from eudaimon.world.tables import word

N_LINES, N_ACTIONS = 4, 5


def write(page: Page, stage: Stage) -> None:
    """Actions side by side. They teach the words, and nothing of which task an action does well or harm."""
    n_facts = len(stage.facts.task)
    for number in range(N_LINES):
        with page.voice():
            page.write(word("overheard"))
            for place in range(N_ACTIONS):
                fact = stage.draws.below(n_facts)
                if number == place == 0:
                    page.domain = stage.facts.domain[fact]
                page.write(stage.act(fact, stage.draws.chance(0.5)))
                page.write(word("end") if place == N_ACTIONS - 1 else word("comma"))
