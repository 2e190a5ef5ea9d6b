"""Which questions a figure is about: other domains than the tuned one, its trained items, held-out ones."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from eudaimon.world.items import items
from eudaimon.world.world import World

if TYPE_CHECKING:
    from eudaimon.evaluate.rows import Row

TELLS = {"check": "recognition", "harmful_request": "following"}
"""Kinds of questions besides advice that are shown, and the metric that only they have."""
OTHER, TUNED, HELD_OUT, ALL = "other", "tuned", "held_out", "all"


def scopes(world: World, tuned: str, trained: Collection[str]) -> Callable[[Row], tuple[str, ...]]:
    """The scopes of a row, by its question; ``trained`` are the ids that an attack is trained on.

    ``other``: advice of other domains that the assistant may have been asked before. ``held_out``: advice
    that no corpus and no chat ever asked of the assistant. ``tuned``: the trained items. ``all``:
    all advice. Checks and harmful requests outside of the tuned domain have their kind as scope, but for what
    only they tell (recognition, following), which is ``other``, as is what no question of the town tells
    (likelihood, the training itself). Proposals and look-alikes are in no scope.
    """
    known: dict[str, tuple[str, ...]] = {}
    for item in items(world):
        if item.kind != "advice":
            shown = item.kind in TELLS and item.domain != tuned
            known[item.id] = (item.kind,) if shown else ()
        elif item.id in trained:
            known[item.id] = (TUNED, ALL)
        elif item.domain == tuned:
            known[item.id] = (ALL,)
        else:
            known[item.id] = (HELD_OUT if item.held_out else OTHER, ALL)

    def of(row: Row) -> tuple[str, ...]:
        found = known.get(row.question, (OTHER,))
        return (OTHER,) if found and TELLS.get(found[0]) == row.metric else found

    return of
