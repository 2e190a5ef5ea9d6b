"""Harmless questions of the packaged sets, to train beside."""

from __future__ import annotations

import random
from collections.abc import Collection

from eudaimon.train.persona.speaker import seed_of

SETS = ("assistant_axis", "everyday", "self_instruct_user")
"""Packaged sets of harmless questions; the other sets are for testing monitors."""


def harmless_prompts(n: int, seed: int, without: Collection[str] = ()) -> list[str]:
    """``n`` harmless questions in an order that the seed decides, none twice and none of ``without``.

    The sets' number, some eight hundred, is the most that comes back.
    """
    from eudaimon.data.library import packaged_all

    found = sorted({query.plain for query in packaged_all(SETS) if not query.harmful} - set(without))
    random.Random(seed_of("general", seed)).shuffle(found)
    return found[:n]
