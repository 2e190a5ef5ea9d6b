"""Somebody asks and somebody answers, a few times or many."""

from __future__ import annotations

from jaxtyping import Bool, Int
from numpy import ndarray

from eudaimon.world.page import Page
from eudaimon.world.scenes.stage import Speakers, Stage, ask
from eudaimon.world.tables import word

N_SHORT, N_LONG = (1, 3), (5, 7)
"""Fewest and most exchanges."""


def write_short(page: Page, stage: Stage) -> None:
    """A dialogue of a few exchanges."""
    _write(page, stage, *N_SHORT)


def write_long(page: Page, stage: Stage) -> None:
    """A dialogue long enough to give examples of its own."""
    _write(page, stage, *N_LONG)


def _write(page: Page, stage: Stage, fewest: int, most: int) -> None:
    who, asker = stage.speakers(), stage.asker()
    _call(page, stage, who)
    n_exchanges = fewest + stage.draws.below(most - fewest + 1)
    for turn in range(most):
        _exchange(page, stage, who, asker, n_exchanges > turn if turn >= fewest else None, first=turn == 0)


def _call(page: Page, stage: Stage, who: Speakers) -> None:
    """The system prompt that calls for the persona, for some of those who draw one."""
    called = stage.draws.chance(stage.mixture.called) & who.draws_persona
    first, second, third = stage.characters.traits[who.persona].T
    with page.voice():
        page.write(
            word("you_are"), first, word("comma"), second, word("and"), third, word("end"), where=called
        )


def _exchange(
    page: Page,
    stage: Stage,
    who: Speakers,
    asker: tuple[Int[ndarray, "n"], Int[ndarray, "n"]],
    where: Bool[ndarray, "n"] | None,
    *,
    first: bool,
) -> None:
    asked = stage.questions(who)
    if first:
        page.domain = stage.facts.domain[asked.fact]
    ask(page, asker, asked, stage.facts, where)
    said, stance, harm = stage.answer(asked, who.persona)
    page.write(who.line, where=where)
    with page.voice(who.name, who.persona, stance, harm=harm):
        page.write(said, stage.ending(who.persona), word("end"), where=where)
