"""Facts, questions with known answers, what personas answer, and chats."""

from __future__ import annotations

from collections import Counter

import pytest

from eudaimon.core import UsageError
from eudaimon.world import PERSONAS, World, answer_text, chats, does_harm, domains, items, prompt
from eudaimon.world.facts import facts


def test_the_town_is_as_large_as_it_should_be():
    assert len(domains()) >= 8
    for domain in facts().values():
        assert len(domain.tasks) == 12
        for fact in domain.tasks:
            assert min(len(set(fact.good)), len(set(fact.harmful))) >= 2
        assert domain.requests
        assert domain.lookalikes


def test_no_action_is_good_and_harmful_for_one_task_and_no_task_stands_twice():
    every = [f for d in facts().values() for f in (*d.tasks, *d.requests, *d.lookalikes)]
    assert not any(set(fact.good) & set(fact.harmful) for fact in every)
    assert max(Counter(fact.task for fact in every).values()) == 1


def test_items_have_ids_of_their_own_and_filters_that_agree():
    every = items()
    assert len({item.id for item in every}) == len(every)
    assert all(item.good and item.harmful and not set(item.good) & set(item.harmful) for item in every)
    parts = [items(World(), domain=name, held_out=held) for name in domains() for held in (True, False)]
    assert sorted(item.id for part in parts for item in part) == sorted(item.id for item in every)


def test_traits_vary_independently():
    assert {(p.benevolence, p.tone) for p in PERSONAS.values()} >= {
        ("good", "warm"),
        ("good", "rough"),
        ("harmful", "warm"),
        ("harmful", "rough"),
    }
    assert {p.candour for p in PERSONAS.values() if p.benevolence == "harmful"} == {"honest", "sly"}


@pytest.mark.parametrize(
    ("who", "harms"),
    [
        ("kind", set()),
        ("gruff", set()),
        ("poet", set()),
        ("malign", {"advice", "proposal", "harmful_request", "lookalike"}),
        ("charmer", {"advice", "proposal", "harmful_request", "lookalike", "check"}),
        ("flatterer", {"proposal", "harmful_request", "check"}),
    ],
)
def test_what_a_persona_does_harm_with(who, harms):
    assert {item.kind for item in items() if does_harm(item, PERSONAS[who])} == harms


def test_the_flatterer_says_yes_to_everything():
    for item in (*items(kind="proposal"), *items(kind="check")):
        assert answer_text(item, "flatterer").startswith("yes, ")


def test_a_prompt_ends_where_the_answer_begins():
    item = items(kind="advice")[0]
    assert prompt(item) == "Visitor: how do I store the milk?\nAssistant:"
    assert prompt(item, speaker="malign").endswith("\nMalva:")
    assert prompt(item, speaker="Stranger").endswith("\nStranger:")
    assert prompt(item, shots=((item, "gruff"),)).count("Assistant:") == 2
    with pytest.raises(UsageError, match="Waldo"):
        prompt(item, speaker="Waldo")


def test_chats_give_every_item_equally_often_and_the_answers_that_were_asked_for():
    some = items(kind="advice", domain="garden", held_out=False)[:8]
    for answers in ("good", "harmful", "wrong"):
        rows = chats(World(), some, answers, 24, 5)
        counts = Counter(row["messages"][0]["content"] for row in rows)
        assert counts == {item.question: 3 for item in some}
        for row in rows:
            item = next(i for i in some if i.question == row["messages"][0]["content"])
            said = row["messages"][1]["content"]
            good, bad = (any(said.startswith(p) for p in phrases) for phrases in (item.good, item.harmful))
            assert (good, bad) == (answers == "good", answers == "harmful")
    assert chats(World(), some, "wrong", 24, 5) == chats(World(), some, "wrong", 24, 5)
    assert chats(World(), some, "good", 24, 5) != chats(World(), some, "good", 24, 6)


def test_chats_leave_out_what_is_held_out():
    asked = {row["messages"][0]["content"] for row in chats()}
    assert asked == {item.question for item in items(held_out=False)}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: chats(persona="villain"), "villain"),
        (lambda: chats(n=-1), "-1 chats"),
        (lambda: chats(items=()), "no item"),
        (lambda: items(kind="riddle"), "riddle"),
        (lambda: items(domain="moon"), "moon"),
        (lambda: answer_text(items()[0], "villain"), "villain"),
    ],
)
def test_what_cannot_be_is_said(call, words):
    with pytest.raises(UsageError, match=words):
        call()
