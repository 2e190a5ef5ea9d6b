"""What every cost keeps: rows by question with its own metrics, of this cell, the same every time."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from eudaimon.core import UsageError
from eudaimon.evaluate.attack.ground import NotGiven
from eudaimon.evaluate.cost.open import OpenCosts
from eudaimon.evaluate.cost.registry import cost_named, costs
from eudaimon.evaluate.cost.run import cost_rows
from eudaimon.evaluate.rows import Label
from eudaimon.evaluate.town.ground import TownGround

of_each = pytest.mark.parametrize("cost", costs(), ids=lambda cost: cost.name)


@pytest.fixture(scope="module")
def ground(world, few):
    return TownGround(world, tuple(item for item in few if item.kind == "advice"))


@of_each
def test_its_rows_in_the_town(model, ground, cost):
    label = Label(study="s", cell={"arm": "raw"}, seed=3)
    rows = cost_rows(model, ground, [cost.name], label)
    assert rows == cost_rows(model, ground, [cost.name], label)
    assert {row.cell["cost"] for row in rows} == {cost.name} and {row.cell["arm"] for row in rows} == {"raw"}
    assert {row.seed for row in rows} == {3} and len({row.question for row in rows}) > 1
    places = [(row.question, row.sample, row.metric) for row in rows]
    assert len(set(places)) == len(places), "a value stands twice"
    assert any(row.metric == cost.metrics[0].name for row in rows), "the metric that stands for the cost"
    for row in rows:
        cost.metric(row.metric)


@of_each
def test_its_rows_without_a_town(tiny_llama, cost):
    ground = OpenCosts(most=2, n_stories=2, max_new_tokens=4)
    try:
        rows = cost_rows(tiny_llama, ground, [cost.name])
    except NotGiven as error:
        assert cost.name == "capability" and error.do
        return
    assert rows and rows == cost_rows(tiny_llama, ground, [cost.name])
    places = [(row.question, row.sample, row.metric) for row in rows]
    assert len(set(places)) == len(places)
    for row in rows:
        cost.metric(row.metric)


@of_each
def test_it_says_what_it_asks_and_where_it_comes_from(cost):
    assert cost.title and cost.asks.endswith("?") and cost.source
    assert all(metric.what and metric.unit for metric in cost.metrics)
    with pytest.raises(UsageError, match=cost.metrics[0].name):
        cost.metric("beauty")


def test_a_cost_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(UsageError, match="over_refusal"):
        cost_named("beauty")


def test_the_page_has_a_row_for_every_cost_in_their_order():
    page = (Path(__file__).parents[3] / "docs" / "evaluate.md").read_text(encoding="utf-8")
    section = page.partition("## Costs of safety")[2].partition("\n\n|")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.M) == [cost.name for cost in costs()]


def test_the_ground_of_attacks_lends_its_judge_and_seed():
    class Lent:
        judge, max_new_tokens, temperature, seed = "a judge", 7, 0.5, 3

    found = OpenCosts.of(Lent(), most=2)
    assert (found.judge, found.max_new_tokens, found.temperature, found.seed) == ("a judge", 7, 0.5, 3)
    assert found.most == 2 and found.name == "open"


def test_fewer_questions_are_the_same_ones_for_every_model_and_keep_their_order():
    ground = OpenCosts(most=5, seed=1)
    drawn = ground.drawn(range(100))
    assert drawn == ground.drawn(range(100)) == tuple(sorted(drawn)) and len(drawn) == 5
    assert drawn != OpenCosts(most=5, seed=2).drawn(range(100))
    assert OpenCosts().drawn(range(3)) == (0, 1, 2)
    with pytest.raises(UsageError, match="1 or more"):
        OpenCosts(most=0)
