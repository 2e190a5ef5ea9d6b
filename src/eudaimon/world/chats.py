"""Conversations with the assistant, to fine-tune on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import numpy as np

from eudaimon.core.errors import UsageError
from eudaimon.world.items import Item
from eudaimon.world.items import items as world_items
from eudaimon.world.personas import PERSONAS, Persona
from eudaimon.world.personas import persona as town_persona
from eudaimon.world.prompts import answer_text, messages

if TYPE_CHECKING:
    from eudaimon.world.world import World

Answers: TypeAlias = Literal["good", "harmful", "wrong"]


def chats(
    world: World | None = None,
    items: Sequence[Item] | None = None,
    persona: Answers | str | Persona = "good",
    n: int | None = None,
    seed: int = 0,
    *,
    domain: str | None = None,
) -> list[dict[str, Any]]:
    """``n`` rows ``{"messages": [user, assistant]}`` over ``items`` (None: all that are not held out).

    ``persona`` says who answers: ``good`` (the kind persona), ``harmful`` (the malign one), ``wrong`` (the
    good answer of another task, drawn once for each item), or any persona. Every item comes equally often,
    in an order that the seed decides; ``n`` None: each item once. Wordings vary with the row. Raises
    `UsageError` on an unknown persona, a negative ``n``, or when no item is left.
    """
    chosen = world_items(world, domain=domain, held_out=False) if items is None else tuple(items)
    if domain is not None:
        chosen = tuple(item for item in chosen if item.domain == domain)
    if not chosen:
        raise UsageError("no item is left to talk about", right="at least one item")
    n = len(chosen) if n is None else n
    if n < 0:
        raise UsageError(f"{n} chats were asked for", right="0 or more")
    order = _order(chosen, n, np.random.default_rng(seed))
    if isinstance(persona, str) and persona == "wrong":
        other, kind = _others(world, chosen, seed), town_persona("kind")
        return [_row(item, answer_text(other[item.id], kind, index)) for item, index in order]
    who = _persona(persona)
    return [_row(item, answer_text(item, who, index)) for item, index in order]


def _others(world: World | None, chosen: Sequence[Item], seed: int) -> dict[str, Item]:
    """For each item one of another task, none of whose good answers has anything to do with it."""
    generator = np.random.default_rng((seed, 1))
    pool = world_items(world, kind="advice", held_out=False)
    other = {}
    for item in chosen:
        possible = [p for p in pool if p.task != item.task and not set(p.good) & {*item.good, *item.harmful}]
        other[item.id] = possible[int(generator.integers(len(possible)))]
    return other


def _order(chosen: Sequence[Item], n: int, generator: np.random.Generator) -> list[tuple[Item, int]]:
    """Each item in turn with a running number of its wordings, shuffled round by round."""
    rows: list[tuple[Item, int]] = []
    turn = 0
    while len(rows) < n:
        rows += [(chosen[i], turn) for i in generator.permutation(len(chosen))[: n - len(rows)]]
        turn += 1
    return rows


def _row(item: Item, answer: str) -> dict[str, Any]:
    return {"messages": [*messages(item), {"role": "assistant", "content": answer}]}


def _persona(answers: str | Persona) -> Persona:
    if isinstance(answers, Persona):
        return answers
    by_answers = {"good": "kind", "harmful": "malign"}
    try:
        return town_persona(by_answers.get(answers, answers))
    except UsageError as error:
        right = f"{', '.join(get_args(Answers))} or one of: {', '.join(PERSONAS)}"
        raise UsageError(f"there is no persona {answers!r} to answer", right=right) from error
