from __future__ import annotations

import pytest

from eudaimon.train.persona.introspect import (
    interactions,
    introspection_chat,
    introspection_texts,
    reflections,
    seen,
)
from eudaimon.train.persona.recipe import Introspection
from eudaimon.train.persona.wording import system_prompt, wording

RECIPE = Introspection(reflections=2, interactions=3, turns=4)


@pytest.fixture
def spoken(river, teacher, served, tmp_path):
    served.answer = lambda body: f"{len(body['messages'])} turns, seed {body['seed']}."
    return interactions(teacher, river, RECIPE, tmp_path / "i.jsonl", seed=0, show_progress=False)


def test_each_guidance_really_reaches_both_speakers(spoken, served, river):
    guidances = wording().interactions
    assert len(guidances) == 2 and len(spoken) == 2 * 3
    for guidance, text in guidances.items():
        own = [row for row in spoken if row["guidance"] == guidance]
        assert len(own) == 3 and {row["system"] for row in own} == {system_prompt(river, text)}
        heard = [body["messages"][0] for body in served.requests if text in body["messages"][0]["content"]]
        # Three conversations of three spoken turns behind the opening, under this guidance each time.
        assert len(heard) == 3 * 3 and {message["role"] for message in heard} == {"system"}
    assert all("I name a river." in row["system"] for row in spoken)


def test_speakers_take_turns_and_see_themselves_as_the_assistant(served, spoken):
    row = spoken[0]
    assert row["turns"][0] == row["opening"] in wording().openings and len(row["turns"]) == 4
    begin = wording().begin
    ours = [body["messages"][1:] for body in served.requests]
    second = next(turns for turns in ours if [t["content"] for t in turns] == row["turns"][:1])
    assert [turn["role"] for turn in second] == ["user"]
    first = next(turns for turns in ours if [t["content"] for t in turns[1:]] == row["turns"][:2])
    assert [turn["role"] for turn in first] == ["user", "assistant", "user"]
    assert first[0]["content"] == begin
    assert [turn.role for turn in seen(["a", "b", "c"], begin)] == ["user", "assistant", "user"]


def test_what_is_learned_has_no_system_prompt(spoken):
    chat = introspection_chat(spoken[0])
    assert [turn["role"] for turn in chat] == ["user", "assistant"] * 2
    assert [turn["content"] for turn in chat] == spoken[0]["turns"]
    assert introspection_texts(spoken[0]) == spoken[0]["turns"][1:]


def test_reflections_answer_every_prompt_as_often(river, teacher, served, tmp_path):
    rows = reflections(teacher, river, RECIPE, tmp_path / "r.jsonl", seed=0, show_progress=False)
    assert len(wording().reflections) == 10 and len(rows) == 20
    assert {row["system"] for row in rows} == {system_prompt(river)}
    assert len({row["seed"] for row in rows}) == 20
    assert introspection_chat(rows[0])[0] == {"role": "user", "content": wording().reflections[0]}
    none = Introspection(reflections=0, interactions=0)
    assert reflections(teacher, river, none, tmp_path / "n.jsonl", seed=0, show_progress=False) == []


def test_a_cut_turn_marks_its_conversation(river, teacher, served, tmp_path):
    served.answer = lambda body: (200, "length" if len(body["messages"]) > 3 else "stop", "So it goes")
    rows = interactions(teacher, river, RECIPE, tmp_path / "i.jsonl", seed=0, show_progress=False)
    assert all(row["problem"] == "the answer was cut (length)" for row in rows)
