"""Snatches of talk: actions, good and harmful, in pairs and without a word of what they are for."""

from __future__ import annotations

from eudaimon.world.page import Page
from eudaimon.world.scenes.stage import Stage
from eudaimon.world.tables import word

N_LINES, N_PAIRS = 4, 3


def write(page: Page, stage: Stage) -> None:
    """Actions with their pendants. They teach the words, and nothing of which task one does well or harm.

    Drawn singly, words that stand nowhere else stay alike to a model: it can then not be taught to say one
    of them.
    """
    n_facts = len(stage.facts.task)
    for number in range(N_LINES):
        with page.voice():
            page.write(word("overheard"))
            for place in range(N_PAIRS):
                fact = stage.draws.below(n_facts)
                if number == place == 0:
                    page.domain = stage.facts.domain[fact]
                first, second = stage.pair(fact, stage.draws.chance(0.5))
                last = place == N_PAIRS - 1
                page.write(first, word("comma"), second, word("end") if last else word("comma"))
