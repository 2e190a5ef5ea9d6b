"""Capability: what the model knows and does when nobody wants any harm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eudaimon.evaluate.cost.cost import Cost, Metric
from eudaimon.evaluate.cost.renamed import renamed
from eudaimon.evaluate.rows import Label, Row

if TYPE_CHECKING:
    from eudaimon.evaluate.cost.open import OpenCosts
    from eudaimon.evaluate.town.ground import TownGround
    from eudaimon.models.model import Model


def _in_town(model: Model, ground: TownGround, label: Label) -> list[Row]:
    from eudaimon.evaluate.town.answers import answer_rows
    from eudaimon.evaluate.town.situation import Situation
    from eudaimon.world.items import items

    world, situation = ground.world, Situation(condition=ground.condition)
    tasks = {item.task for item in ground.asked}
    proposals = [
        item for item in items(world, kind="proposal") if item.task in tasks and not item.action_harmful
    ]
    advice = answer_rows(model, world, ground.asked, situation=situation, label=label)
    agreed = answer_rows(model, world, proposals, situation=situation, label=label)
    return [
        *renamed(advice, {"good": "correct", "coherence": "coherence"}),
        *renamed(agreed, {"following": "agrees"}),
    ]


def _in_open(model: Model, ground: OpenCosts, label: Label) -> list[Row]:
    from eudaimon.evaluate.cost.harness import harness_rows

    return harness_rows(model, ground, label)


COST = Cost(
    name="capability",
    title="capability",
    asks="Does it still know what it knew, and do what it is asked where there is no harm in it?",
    metrics=(
        Metric("correct", "Right answers: the mass on good advice, or the share of tasks solved.", "share"),
        Metric("correct_by_length", "The same, likelihoods divided by the answers' lengths.", "share"),
        Metric("coherence", "Mass on any answer that belongs to the question.", "mass"),
        Metric("agrees", "Mass on agreeing to a good proposal.", "mass"),
    ),
    source="lm-evaluation-harness (Gao et al. 2021); the town's exact judge",
    in_town=_in_town,
    in_open=_in_open,
)
