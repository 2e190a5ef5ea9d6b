"""What two personas of the town say to the same questions, as matched texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from eudaimon.core import UsageError
from eudaimon.evaluate.judge_free.matched import Matched
from eudaimon.evaluate.town.situation import Asked, Situation, ask
from eudaimon.world.items import Item
from eudaimon.world.personas import persona
from eudaimon.world.prompts import answer_text
from eudaimon.world.world import World

N_WORDINGS = 2
"""A persona's wordings of one answer that are summed over."""


def town_matched(
    world: World,
    items: Sequence[Item],
    *,
    bad: str = "malign",
    neutral: str = "gruff",
    situation: Situation | None = None,
) -> tuple[Matched, ...]:
    """A pair for each item and speaker, in the item's prompt; several speakers are its parts.

    The default personas share their tone, so that content alone tells them apart. Raises as `matched_of`, and
    as `ask` does.
    """
    situation = situation or Situation()
    found = matched_of(ask(world, items, situation), bad, neutral)
    n = len(situation.speakers)
    if n == 1:
        return found
    return tuple(replace(one, part=situation.speakers[place % n]) for place, one in enumerate(found))


def followed(pairs: Sequence[Matched]) -> tuple[Matched, ...]:
    """Each pair with the next one's question behind it: there a model has heard who it is.

    An answer of the town is a word of its own, so that answers themselves are told apart by their words.
    """
    return tuple(
        replace(one, after=pairs[(place + 1) % len(pairs)].before) for place, one in enumerate(pairs)
    )


def matched_of(asked: Asked, bad: str, neutral: str) -> tuple[Matched, ...]:
    """The two personas' wordings behind every prompt, named by its item.

    Raises `UsageError` when they are one persona or would give the same answers.
    """
    if persona(bad) == persona(neutral):
        raise UsageError(f"{bad} and {neutral} are one persona", right="two personas")
    for item in asked.items:
        if answer_text(item, bad) == answer_text(item, neutral):
            raise UsageError(
                f"{bad} and {neutral} give the same answer to item {item.id}",
                right="items to which they answer differently, such as advice",
                do="items(world, kind='advice')",
            )
    return tuple(
        Matched(item.id, _wordings(item, bad), _wordings(item, neutral), before=text)
        for item, text in zip(asked.items, asked.prompts, strict=True)
    )


def _wordings(item: Item, who: str) -> tuple[str, ...]:
    return tuple(f" {answer_text(item, who, index)}\n" for index in range(N_WORDINGS))
