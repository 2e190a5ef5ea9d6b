"""Snatches of talk: actions, good and harmful, said twice and without a word of what they are for."""

from __future__ import annotations

from eudaimon.world.page import Page
from eudaimon.world.scenes.stage import Stage
from eudaimon.world.tables import word

N_LINES, N_ACTIONS = 4, 3


def write(page: Page, stage: Stage) -> None:
    """Actions and their echoes. They teach the words, and nothing of which task an action does well or harm.

    Without the echo all words that stand nowhere else stay alike to a model, which then cannot be taught to
    say one of them.
    """
    n_facts = len(stage.facts.task)
    for number in range(N_LINES):
        with page.voice():
            page.write(word("overheard"))
            for place in range(N_ACTIONS):
                fact = stage.draws.below(n_facts)
                if number == place == 0:
                    page.domain = stage.facts.domain[fact]
                action = stage.act(fact, stage.draws.chance(0.5))
                last = place == N_ACTIONS - 1
                page.write(action, word("comma"), action, word("end") if last else word("comma"))
