"""Which attacks there are: the files of `eudaimon.evaluate.attacks`."""

from __future__ import annotations

from functools import cache

from eudaimon.core.discovery import found_in, pick
from eudaimon.evaluate.attack.attack import Attack


@cache
def attacks() -> tuple[Attack, ...]:
    """All attacks, by name."""
    found = found_in("eudaimon.evaluate.attacks", "ATTACK").values()
    return tuple(sorted(found, key=lambda attack: attack.name))


def attack_named(name: str) -> Attack:
    """The attack of that name; raises `UsageError` with the known names otherwise."""
    return pick({attack.name: attack for attack in attacks()}, name, "attack")
