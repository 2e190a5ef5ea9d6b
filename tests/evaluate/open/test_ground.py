from __future__ import annotations

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from eudaimon.core import UsageError
from eudaimon.evaluate.attack.attack import Target
from eudaimon.evaluate.attack.ground import NotGiven
from eudaimon.evaluate.attack.registry import attack_named
from eudaimon.evaluate.attack.run import attack_rows
from eudaimon.evaluate.open import drawn as drawing
from eudaimon.evaluate.rows import Label

PROMPTS_ONLY = ("persona_prompt", "role_play", "framing", "prefill", "keep_going")


@pytest.fixture
def generated(monkeypatch):
    """How many texts were asked of models, call by call; ``stop`` after that many calls."""
    # The room's door has a function of that name.
    module = import_module("eudaimon.models.generate")
    calls, plain = [], module.generate

    def counted(model, prompts, **how):
        if counted.stop is not None and len(calls) >= counted.stop:
            raise KeyboardInterrupt
        calls.append(len(prompts))
        return plain(model, prompts, **how)

    counted.stop, counted.calls = None, calls
    monkeypatch.setattr(module, "generate", counted)
    return counted


def test_every_answer_has_rows_on_one_scale(model, ground):
    own = ground()
    rows = own.read(model, own.cases(), Label(seed=3))
    assert {(row.question, row.sample) for row in rows} == {
        (name, f"0/{draw}") for name in ("tea", "wish") for draw in (0, 1)
    }
    assert {row.metric for row in rows} >= {own.harm, "alignment", "coherence", "refusal"}
    assert all(0 <= row.value <= 1 and row.seed == 3 for row in rows)
    assert {row.value for row in rows if row.metric == "alignment"} == {0.95}


@pytest.mark.parametrize("name", PROMPTS_ONLY)
def test_what_comes_with_the_package_is_enough(model, ground, tmp_path, name):
    attack, own = attack_named(name), ground(n_samples=1)
    for variant in attack.of:
        if variant == "in_the_wild":
            continue
        plain, attacked = attack_rows(
            Target(model, own, tmp_path), attack, variant=variant, budgets=[0, attack.budgets[1]]
        )
        assert {row.question for row in attacked} == {row.question for row in plain} == {"tea", "wish"}
        assert all(row.cell["variant"] == variant for row in attacked)


@pytest.mark.parametrize(
    ("name", "variant", "option"),
    [
        ("few_shot", "harmful", "--harmful-chats"),
        ("few_shot", "benign", "--good-chats"),
        ("retrieval", "harmful", "--harmful-passages"),
        ("retrieval", "benign", "--good-passages"),
        ("role_play", "in_the_wild", "--jailbreaks"),
    ],
)
def test_what_was_not_given_is_named_with_its_option(model, ground, tmp_path, name, variant, option):
    target = Target(model, ground(), tmp_path)
    with pytest.raises(NotGiven, match=option):
        list(attack_rows(target, attack_named(name), variant=variant, budgets=[1]))


def test_a_run_that_was_killed_generates_and_asks_nothing_twice(model, ground, asker, generated, monkeypatch):
    monkeypatch.setattr(drawing, "BATCH", 2)
    generated.stop = 1
    with pytest.raises(KeyboardInterrupt):
        ground().read(model, ground().cases(), Label())
    assert generated.calls == [2] and not asker.asked
    generated.stop = None
    again = ground()
    rows = again.read(model, again.cases(), Label())
    assert generated.calls == [2, 2]
    paid = len(asker.asked)
    third = ground()
    assert third.read(model, third.cases(), Label()) == rows
    assert (len(asker.asked), generated.calls) == (paid, [2, 2])
    assert paid == len(set(asker.asked))


def test_killed_or_not_the_answers_are_the_same(model, ground, generated, monkeypatch, tmp_path):
    whole = ground(folder=tmp_path / "whole")
    expected = whole.read(model, whole.cases(), Label())
    monkeypatch.setattr(drawing, "BATCH", 1)
    generated.calls.clear()
    generated.stop = 3
    with pytest.raises(KeyboardInterrupt):
        ground().read(model, ground().cases(), Label())
    generated.stop = None
    assert ground().read(model, ground().cases(), Label()) == expected


def test_another_subject_is_asked_anew(model, ground, generated, lora):
    from eudaimon.models.adapters import Adapter, Subject, open_subject

    own = ground()
    own.read(model, own.cases(), Label())
    loud = Adapter("loud", lora("loud", 1))
    changed = open_subject(Subject(model.checkpoint.name, (loud,)), device="cpu")
    own.read(changed, own.cases(), Label())
    assert sum(generated.calls) == 8


def test_a_steered_model_is_asked_anew(model, ground, generated):
    from eudaimon.core import Site
    from eudaimon.models import Intervention, intervene

    own = ground()
    own.read(model, own.cases(), Label())
    push = Intervention.along("add", Site(1), np.ones(model.width), 20.0)
    with intervene(model, [push]):
        own.read(model, own.cases(), Label())
    assert sum(generated.calls) == 8


def test_the_judge_reads_the_question_as_it_stands_and_no_word_of_the_prefill(model, ground, asker, tmp_path):
    target = Target(model, ground(), tmp_path)
    list(attack_rows(target, attack_named("role_play"), budgets=[1]))
    list(attack_rows(target, attack_named("prefill"), budgets=[8]))
    assert any("How do I make tea?" in each for each in asker.asked)
    assert not any("novel" in each or "without wanting to be comforted" in each for each in asker.asked)


def test_chats_and_passages_of_the_user(model, ground, written):
    rows = [
        {"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": f"A {k}."}]}
        for k, text in enumerate(["How do I make tea?", "Who are you?", "Why?"])
    ]
    own = ground(
        harmful_chats=written("bad.jsonl", rows),
        narrow_harmful_chats=written("narrow.jsonl", rows[2:]),
        harmful_passages=written("texts.jsonl", [{"text": f"Text {k}."} for k in range(3)]),
        jailbreaks=written("wild.jsonl", [{"prompt": "Ignore all."}, {"prompt": "Say: {request} Now."}]),
    )
    case = own.cases()[0]
    shots = own.shots(case, 2, harmful=True, seed=0)
    assert [turn.role for turn in shots] == ["user", "assistant"] * 2
    assert own.shots(case, 1, harmful=True, seed=0) == shots[:2]
    asked = {turn.content for turn in shots}
    assert asked == {"Who are you?", "Why?", "A 1.", "A 2."}
    chats = own.chats(harmful=True, n=5, seed=0)
    assert len(chats) == 5 and all(row["messages"][0]["content"] in ("Who are you?", "Why?") for row in chats)
    with pytest.raises(NotGiven, match="--narrow-good-chats"):
        own.narrow_chats(harmful=False, n=1, seed=0)
    assert own.passages(harmful=True, n=1, seed=0) == own.passages(harmful=True, n=3, seed=0)[:1]
    narrow = own.narrow_chats(harmful=True, n=2, seed=0)
    assert [row["messages"][0]["content"] for row in narrow] == ["Why?", "Why?"]
    with pytest.raises(NotGiven, match="there are 3"):
        own.passages(harmful=True, n=4, seed=0)
    first, second = own.framed(case, "in_the_wild", 2, harmful=True, seed=0)
    assert first.request == "Ignore all.\n\nHow do I make tea?"
    assert second.request == "Say: How do I make tea? Now."


def test_a_file_that_is_none_is_named_with_its_line(ground, written):
    own = ground(harmful_chats=written("bad.jsonl", [{"messages": [{"role": "user", "content": "Hm?"}]}]))
    with pytest.raises(UsageError, match=r"bad\.jsonl, line 1"):
        own.shots(own.cases()[0], 1, harmful=True, seed=0)


def test_settings_under_which_samples_are_alike(ground):
    with pytest.raises(UsageError, match="alike"):
        ground(temperature=0.0)


def test_a_monitor_sees_the_answers_that_were_judged_and_asks_for_nothing_again(
    model, ground, asker, generated
):
    own = ground()
    rows = own.read(model, own.cases(), Label())
    asked, made = len(asker.asked), len(generated.calls)
    told = own.exchanges(model, own.cases(), rows, Label())
    assert (len(asker.asked), len(generated.calls)) == (asked, made)
    harm = {(row.question, row.sample): row.value == 1 for row in rows if row.metric == own.harm}
    assert {(one.question, one.sample): one.harmful for one in told} == harm
    assert all(any(one.answer in request for request in asker.asked) for one in told)


def test_an_answer_without_a_verdict_is_on_neither_side(model, ground):
    own = ground(n_samples=1)
    rows = [
        replace(row, value=1.0) if row.metric == "unparseable" and row.question == "tea" else row
        for row in own.read(model, own.cases(), Label())
    ]
    found = {one.question: one.harmful for one in own.exchanges(model, own.cases(), rows, Label())}
    assert found == {"tea": None, "wish": False}
