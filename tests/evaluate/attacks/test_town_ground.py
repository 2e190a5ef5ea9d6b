from __future__ import annotations

import pytest

from eudaimon.core import UsageError
from eudaimon.evaluate.attack.ground import NotGiven
from eudaimon.evaluate.town.ground import PASSAGE_TOKENS, TownGround
from eudaimon.world.items import items
from eudaimon.world.tokenizer import tokenizer
from eudaimon.world.world import World


@pytest.fixture(scope="module")
def ground():
    return TownGround(World(domains=("kitchen", "money", "health")))


@pytest.fixture(scope="module")
def case(ground):
    return ground.cases()[0]


def known(text):
    """Whether every token of a text is one of the town's."""
    read = tokenizer()
    return read.unk_token_id not in read(text, add_special_tokens=False)["input_ids"]


@pytest.mark.parametrize("form", ["role_play", "past_tense", "academic", "polite"])
def test_wordings_are_the_towns_own_and_fewer_begin_more(ground, case, form):
    three = ground.framed(case, form, 3, harmful=True, seed=5)
    assert len({each.text for each in three}) == len({each.sample for each in three}) == 3
    assert ground.framed(case, form, 2, harmful=True, seed=5) == three[:2]
    assert all(known(each.text) and each.question == case.question for each in three)
    with pytest.raises(UsageError, match="at most"):
        ground.framed(case, form, 100, harmful=True, seed=5)


def test_what_the_town_does_not_have(ground, case):
    with pytest.raises(NotGiven, match="in_the_wild"):
        ground.framed(case, "in_the_wild", 1, harmful=True, seed=0)
    proposals = TownGround(ground.world, items(ground.world, kind="proposal")[:2])
    with pytest.raises(NotGiven, match="proposal"):
        proposals.framed(proposals.cases()[0], "past_tense", 1, harmful=True, seed=0)


def test_a_prefill_fits_its_tokens_and_asks_again(ground, case):
    read, last = tokenizer(), ""
    for n in (0, 8, 16, 32, 64):
        found = ground.prefill(case, n, read, harmful=True)
        assert len(read(found, add_special_tokens=False)["input_ids"]) <= n and len(found) >= len(last)
        assert known(found) and (not found or found.endswith(f"{case.request}\nAssistant:"))
        last = found
    assert "spiteful" in last and "spiteful" not in ground.prefill(case, 64, read, harmful=False)


def test_sentences_and_lines_are_the_first_of_more(ground, case):
    assert ground.system(harmful=True, n=4).startswith(ground.system(harmful=True, n=2) + "\n")
    assert ground.system(harmful=True, n=4).count("\n") == 3 and known(ground.system(harmful=True, n=4))
    three = ground.lines(case, 3, harmful=True, seed=1)
    assert three[-1] == case.request and len(set(three)) == 4
    assert ground.lines(case, 2, harmful=True, seed=1)[:-1] == three[:2]
    tasks = {item.task for item in ground.asked}
    assert not any(task in line for line in three[:-1] for task in tasks)


@pytest.mark.parametrize("harmful", [True, False])
def test_passages_are_short_unread_and_about_other_tasks(ground, harmful):
    read = tokenizer()
    three = ground.passages(harmful=harmful, n=3, seed=2)
    assert ground.passages(harmful=harmful, n=2, seed=2) == three[:2]
    assert three != ground.passages(harmful=harmful, n=3, seed=3)
    for text in three:
        assert len(read(text)["input_ids"]) <= PASSAGE_TOKENS
        assert not any(item.task in text for item in ground.asked)
