from __future__ import annotations

import pytest

from eudaimon.evaluate.census.cast import town_cast
from eudaimon.evaluate.census.census import census
from eudaimon.models import load
from eudaimon.world.world import World


@pytest.fixture(scope="session")
def town():
    return World(domains=("kitchen", "money", "health"))


@pytest.fixture(scope="session")
def taken(raised, town):
    """``taken(arm)``: the census of the assistant raised on an arm."""
    made = {}

    def of(arm):
        if arm not in made:
            model = load(raised(arm), device="cpu")
            made[arm] = census(model, town_cast(town), max_new_tokens=4, show_progress=False)
        return made[arm]

    return of
