"""What every attack keeps: no budget is no attack, its budgets rise, and it says what it is."""

from __future__ import annotations

import pytest

from eudaimon.core import UsageError
from eudaimon.evaluate.attack.attack import Target
from eudaimon.evaluate.attack.registry import attack_named, attacks
from eudaimon.evaluate.attack.run import attack_rows
from eudaimon.evaluate.rows import Label
from eudaimon.evaluate.town.ground import TownGround

VARIANTS = [(attack, variant) for attack in attacks() for variant in attack.of]
of_each = pytest.mark.parametrize(
    ("attack", "variant"), VARIANTS, ids=[f"{attack.name}-{variant}" for attack, variant in VARIANTS]
)


@pytest.fixture
def random_target(model, world, few, tmp_path):
    asked = tuple(item for item in few if item.kind == "advice")
    return Target(model, TownGround(world, asked), tmp_path, model)


@of_each
def test_no_budget_is_no_attack(random_target, attack, variant):
    (rows,) = attack_rows(random_target, attack, variant=variant, budgets=[0])
    plain = random_target.ground.read(random_target.model, random_target.ground.cases(), Label())
    assert [(row.question, row.metric, row.value) for row in rows] == [
        (row.question, row.metric, row.value) for row in plain
    ]
    assert all(row.cell == {"attack": attack.name, "variant": variant, "budget": 0.0} for row in rows)


@of_each
def test_a_variant_that_is_not_there_and_budgets_that_fall(random_target, attack, variant):
    with pytest.raises(UsageError, match=variant):
        list(attack(random_target, "no such variant", [0]))
    with pytest.raises(UsageError, match="rise"):
        list(attack(random_target, variant, [2, 1]))


@pytest.mark.parametrize("attack", attacks(), ids=lambda attack: attack.name)
def test_it_says_what_it_models_and_where_it_comes_from(attack):
    assert attack.title and attack.models and attack.unit and attack.source
    assert attack.budgets[0] == 0 and len(attack.budgets) > 1
    assert any(variant.control for variant in attack.variants), "nothing stands beside the attack"


def test_an_attack_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(UsageError, match="few_shot"):
        attack_named("persuasion")
