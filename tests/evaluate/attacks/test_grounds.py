from __future__ import annotations

import inspect

import pytest

from eudaimon.evaluate.attack.ground import Ground
from eudaimon.evaluate.open.ground import OpenGround
from eudaimon.evaluate.town.ground import TownGround

ASKED = [name for name in vars(Ground) if not name.startswith("_")]


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("ground", [TownGround, OpenGround])
def test_a_ground_gives_what_attacks_ask_for_in_the_same_way(ground, name):
    asked, given = getattr(Ground, name), getattr(ground, name)
    if isinstance(asked, property):
        assert isinstance(given, property)
        return
    wanted = [(each.name, each.kind) for each in inspect.signature(asked).parameters.values()]
    found = inspect.signature(given).parameters.values()
    assert [(each.name, each.kind) for each in found][: len(wanted)] == wanted
    assert all(each.default is not each.empty for each in list(found)[len(wanted) :])
