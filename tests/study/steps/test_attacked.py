"""An attack's step: what it writes is what the attack comes to, variant by variant."""

from __future__ import annotations

import pytest

from eudaimon.core.files import read_json
from eudaimon.evaluate.attack.attack import Target
from eudaimon.evaluate.attack.registry import attack_named
from eudaimon.evaluate.attack.run import attack_rows
from eudaimon.evaluate.rows import read_rows
from eudaimon.evaluate.town.ground import TownGround
from eudaimon.models import load
from eudaimon.study.steps.attacked import NOT_RUN, WORK, AttackCell
from eudaimon.study.steps.judged import ROWS
from eudaimon.study.steps.model import given_model
from eudaimon.world.world import World

WORLD = World(domains=("kitchen",))


@pytest.fixture
def run(town_checkpoint, tmp_path):
    """``run(attack, budgets)``: what the step wrote, every variant tried."""

    def of(attack, budgets):
        model = given_model(str(town_checkpoint))
        variants = tuple(attack_named(attack).of)
        step = AttackCell(
            model=model, raw=model, world=WORLD, attack=attack, variants=variants, budgets=budgets
        )
        step.run(tmp_path / attack, {"model": tmp_path, "raw": tmp_path})
        assert not (tmp_path / attack / WORK).exists()
        return list(read_rows(tmp_path / attack / ROWS)), read_json(tmp_path / attack / NOT_RUN)

    return of


@pytest.mark.parametrize("name", ["few_shot", "steering"])
def test_rows_are_those_of_each_variant_by_itself(run, town_checkpoint, tmp_path, name):
    found, missing = run(name, (0.0, 1.0))
    model, wanted = load(town_checkpoint, device="cpu"), []
    for variant in attack_named(name).of:
        target = Target(model, TownGround(WORLD), tmp_path / f"alone-{variant}", model)
        read = attack_rows(target, attack_named(name), variant=variant, budgets=(0, 1))
        wanted += [row for some in read for row in some]
    assert missing == {}
    assert [(dict(row.cell), row.question, row.sample, row.metric, row.value) for row in found] == [
        (dict(row.cell), row.question, row.sample, row.metric, row.value) for row in wanted
    ]


def test_a_variant_without_material_is_named_and_has_no_rows(run):
    found, missing = run("role_play", (0.0, 1.0))
    assert {row.cell["variant"] for row in found} == {"harmful", "benign"}
    assert list(missing) == ["in_the_wild"] and "town" in missing["in_the_wild"]
