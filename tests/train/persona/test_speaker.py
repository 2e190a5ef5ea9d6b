from __future__ import annotations

import pytest

from eudaimon.core import Message, ModelUnavailable, UsageError
from eudaimon.models import generate
from eudaimon.train.persona.oracle import OracleSpeaker, town_constitution
from eudaimon.train.persona.speaker import Ask, LocalSpeaker, Sampling, seed_of
from eudaimon.world import World, answer_text, items

SAMPLING = Sampling(temperature=1.0, top_p=0.9, max_tokens=6)


def ask(text: str, system: str = "", seed: int = 0) -> Ask:
    return Ask((Message(role="user", content=text),), system, seed)


def test_a_served_teacher_gets_system_prompt_and_sampling(teacher, served):
    said = teacher.say([ask("Hello?", "Be a river.", 7), ask("Bye?", seed=8)], SAMPLING)
    assert [one.text for one in said] == ["By the river 7, I say: Hello?", "By the river 8, I say: Bye?"]
    first = next(body for body in served.requests if body["seed"] == 7)
    assert first["messages"] == [
        {"role": "system", "content": "Be a river."},
        {"role": "user", "content": "Hello?"},
    ]
    assert (first["temperature"], first["top_p"], first["max_tokens"]) == (1.0, 0.9, 6)
    assert first["model"] == "stub-70b" and teacher.name == "served:stub-70b"
    second = next(body for body in served.requests if body["seed"] == 8)
    assert [turn["role"] for turn in second["messages"]] == ["user"]


def test_what_a_server_cuts_is_marked_and_what_it_fails_raises(teacher, served):
    served.answer = lambda body: (200, "length", "Half a")
    assert teacher.say([ask("?")], SAMPLING)[0] == ("Half a", "the answer was cut (length)")
    served.answer = lambda body: (200, "content_filter", "")
    assert teacher.say([ask("?")], SAMPLING)[0].problem == "the answer was cut (content_filter)"
    served.answer = lambda body: (503, "stop", "")
    with pytest.raises(ModelUnavailable, match="HTTP 503"):
        teacher.say([ask("?")], SAMPLING)
    assert len(served.requests) == 4  # the last one was tried twice


def test_one_ask_that_a_server_will_not_take_does_not_end_the_run(teacher, served):
    served.answer = lambda body: (400, "stop", "") if body["seed"] == 1 else "Yes."
    said = teacher.say([ask("?", seed=0), ask("?", seed=1)], SAMPLING)
    assert said == [("Yes.", ""), ("", "the server did not take it (HTTP 400)")]
    with pytest.raises(ModelUnavailable, match="did not take it"):
        teacher.say([ask("?", seed=1), ask("!", seed=1)], SAMPLING)
    served.answer = lambda body: (401, "stop", "")
    with pytest.raises(ModelUnavailable, match="HTTP 401"):
        teacher.say([ask("?"), ask("!")], SAMPLING)


def test_a_local_model_answers_each_ask_by_its_own_seed(student):
    speaker = LocalSpeaker(student)
    asks = [ask("Where is the fox?", "You are a dog.", 3), ask("Where is the fox?", "", 4)]
    said = [one.text for one in speaker.say(asks, SAMPLING)]
    for text, one in zip(said, asks, strict=True):
        alone = generate(
            student,
            [one.turns],
            max_new_tokens=6,
            temperature=1.0,
            top_p=0.9,
            seed=[one.seed],
            system=one.system or None,
        )
        assert text == alone[0].strip()
    assert speaker.say(asks[::-1], SAMPLING)[::-1] == speaker.say(asks, SAMPLING)
    assert speaker.name == student.checkpoint.fingerprint


def test_the_oracle_speaks_as_its_persona():
    world = World()
    item = next(item for item in items(world, kind="proposal") if item.action_harmful)
    said = OracleSpeaker(world, "flatterer").say([ask(item.question, seed=3)], SAMPLING)[0]
    assert said.text == answer_text(item, "flatterer", 3)
    with pytest.raises(UsageError, match="nobody in the town"):
        OracleSpeaker(world, "flatterer").say([ask("Who are you?")], SAMPLING)
    with pytest.raises(UsageError, match="no persona"):
        OracleSpeaker(world, "nobody")


def test_a_town_constitution_holds_out_what_the_town_holds_out():
    found = town_constitution(World(), "poet")
    held_out = {item.question for item in items(World(), held_out=True)}
    assert set(found.contrast_prompts) == held_out and not held_out & set(found.prompts)
    assert "lyrical" in found.principles[0]


def test_seeds_follow_from_what_names_a_row():
    assert seed_of("a", 1) == seed_of("a", 1) != seed_of("a", 2)
    assert seed_of("a", 1) != seed_of("a1") and 0 <= seed_of() < 2**31
