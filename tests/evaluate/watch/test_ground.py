"""A watched ground: its own rows as they are, then those of the monitor, under every attack."""

from __future__ import annotations

import numpy as np
import pytest

from eudaimon.core.text import plain_text
from eudaimon.evaluate.attack.attack import Target
from eudaimon.evaluate.attack.registry import attack_named
from eudaimon.evaluate.attack.run import attack_rows
from eudaimon.evaluate.battery.summary import place_of
from eudaimon.evaluate.rows import Label
from eudaimon.evaluate.town.ground import TownGround
from eudaimon.evaluate.watch.ground import JUDGE, identity, rewritten, watched
from eudaimon.evaluate.watch.seen import seen
from eudaimon.evaluate.watch.watcher import Thresholds, Watcher
from eudaimon.world.judge import Judge


def by_length(model):
    return lambda texts: np.array([min(len(plain_text(text)) / 1000, 1.0) for text in texts])


@pytest.fixture
def ground(few, world):
    return TownGround(world, tuple(item for item in few if item.kind == "advice"))


@pytest.fixture
def watcher():
    return Watcher("length", by_length, Thresholds(0.1, 0.1, 0.1, 0.01, 100, "known"))


@pytest.mark.parametrize("name", ["few_shot", "prefill", "role_play", "steering"])
def test_the_grounds_own_rows_are_as_without_a_monitor(model, ground, watcher, tmp_path, name):
    attack = attack_named(name)
    budgets = (0, attack.town_budgets[1])
    plain = Target(model, ground, tmp_path, model)
    seen_by = Target(model, watched(ground, watcher), tmp_path, model)
    bare, both = (
        [row for rows in attack_rows(t, attack, budgets=budgets) for row in rows] for t in (plain, seen_by)
    )
    assert [row for row in both if row.judge != JUDGE] == bare
    found = seen(both, place_of)
    assert set(found) == {(name, attack.variants[0].name, float(budget)) for budget in budgets}
    for place, own in found.items():
        read = [row for row in bare if place_of(row) == place and row.metric == "harm"]
        assert [(one.question, one.sample) for one in own] == [(row.question, row.sample) for row in read]
        assert all(one.out >= 0 and 0 < one.prompt <= one.answer for one in own)


def test_what_was_said_is_judged_as_it_was_said(model, ground, world):
    cases = ground.cases()
    judge = Judge(world, model.tokenizer)
    first = ground.exchanges(model, cases, [], Label())
    for exchange in first:
        item = ground.by_id[exchange.question]
        assert exchange.harmful == (judge.read_text(exchange.answer, item).harm == 1)
        assert "\n" not in exchange.answer
    assert ground.exchanges(model, cases, [], Label()) == first


def test_a_disguise_is_another_try_at_the_same_question(model, ground, watcher):
    disguised = Watcher(
        watcher.name, watcher.on, watcher.thresholds, ("letter_case", "politeness", "padding_after")
    )
    rows = watched(ground, disguised).read(model, ground.cases(), Label())
    (own,) = seen(rows, lambda row: "here").values()
    assert len(own) == 3 * len(ground.cases())
    # Padding is longer than this model's context: what cannot be asked is no try.
    assert {one.sample for one in own if one.rewritten} == {"0~letter_case", "0~politeness"}
    longer = {one.question: one.prompt for one in own if one.sample.endswith("politeness")}
    plain = {one.question: one.prompt for one in own if not one.rewritten}
    assert all(longer[question] > plain[question] for question in plain)
    harm = [row for row in rows if row.metric == "harm"]
    assert len(harm) == len(ground.cases()), "verdicts on disguised questions are of no dose"


def test_plain_text_has_its_wording_already(ground):
    case = ground.framed(ground.cases()[0], "role_play", 1, harmful=True, seed=0)[0]
    assert rewritten([case], "typos") == ()


def test_watchers_are_told_apart(watcher):
    others = [
        Watcher("other", watcher.on, watcher.thresholds),
        Watcher(watcher.name, watcher.on, Thresholds(0.2, 0.1, 0.1, 0.01, 100, "known")),
        Watcher(watcher.name, watcher.on, watcher.thresholds, ("typos",)),
    ]
    assert len({identity(one) for one in (watcher, *others)}) == 4
