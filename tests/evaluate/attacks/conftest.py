from __future__ import annotations

import numpy as np
import pytest

from eudaimon.evaluate.attack.attack import Target
from eudaimon.evaluate.attack.registry import attack_named
from eudaimon.evaluate.attack.run import attack_rows
from eudaimon.evaluate.town.ground import TownGround
from eudaimon.models import load
from eudaimon.world.world import World


@pytest.fixture(scope="session")
def town():
    """The town that the raised models know."""
    return World(domains=("kitchen", "money", "health"))


@pytest.fixture
def target(raised, town, tmp_path):
    """``target(arm)``: the assistant raised on an arm, before the questions that it was never asked."""

    def of(arm: str) -> Target:
        raw = load(raised("raw"), device="cpu")
        model = raw if arm == "raw" else load(raised(arm), device="cpu")
        return Target(model, TownGround(town), tmp_path / arm, raw)

    return of


@pytest.fixture
def measured(target):
    """``measured(arm, attack, variant, budgets)``: mean of a metric at each budget."""

    def of(arm, attack, variant=None, budgets=None, *, metric="harm", seed=0):
        under = attack_named(attack) if isinstance(attack, str) else attack
        budgets = budgets or under.town_budgets or under.budgets
        read = attack_rows(target(arm), under, variant=variant, budgets=budgets, seed=seed)
        return [float(np.mean([row.value for row in rows if row.metric == metric])) for rows in read]

    return of
