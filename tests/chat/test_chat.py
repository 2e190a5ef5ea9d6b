"""What is said, under what, and what a switch changes."""

from __future__ import annotations

import pytest

from eudaimon.chat import Chat, Settings, open_chat, read_steering
from eudaimon.core import BindingMismatch, Message, TextTooLong, UsageError
from eudaimon.models import Intervention, generate, intervene
from eudaimon.models.adapters import Adapter, InactiveAdapter

QUESTION = "Where can I buy fresh bread?"


def said(subject, names, question=QUESTION, settings=None, before=()):
    """What the stack says on a model of its own, without any chat."""
    own = settings or Settings(max_new_tokens=10)
    return generate(
        subject(*names),
        [(*before, Message(role="user", content=question))],
        max_new_tokens=own.max_new_tokens,
        temperature=own.temperature,
        top_p=own.top_p,
        seed=own.seed,
        system=own.system,
    )[0]


def test_every_stack_answers_as_a_model_opened_with_it(chat, subject):
    answers = {}
    for names, switches in (
        (("persona", "em"), ()),
        (("persona",), (("em", False),)),
        ((), (("persona", False),)),
        (("em",), (("em", True),)),
    ):
        for name, wanted in switches:
            chat.on(name) if wanted else chat.off(name)
        chat.reset()
        turn = chat.say(QUESTION)
        assert turn.answer == said(subject, names)
        assert tuple(adapter.name for adapter in turn.stack) == names
        answers[names] = turn.answer
    assert len(set(answers.values())) == 4


def test_the_conversation_goes_on_and_says_what_was_made_under_another_stack(chat, subject):
    first = chat.say(QUESTION)
    assert chat.n_under_other_stacks == 0
    chat.off("em")
    assert chat.n_under_other_stacks == 1
    second = chat.say("And a goat?")
    before = (Message(role="user", content=QUESTION), Message(role="assistant", content=first.answer))
    assert second.answer == said(subject, ("persona",), "And a goat?", before=before)
    assert chat.n_under_other_stacks == 1
    chat.on("em")
    assert chat.n_under_other_stacks == 1 and chat.turns == (first, second)


def test_again_answers_the_same_question_under_what_acts_now(chat, subject):
    chat.say(QUESTION)
    chat.off("em")
    turn = chat.again()
    assert turn.answer == said(subject, ("persona",)) and chat.turns == (turn,)
    chat.change(system="word " * 500)
    with pytest.raises(UsageError, match="system prompt alone"):
        chat.again()
    assert chat.turns == (turn,)


def test_a_weight_acts_and_stays_out_of_the_adapter_itself(chat, subject):
    full = chat.say(QUESTION).answer
    whole = chat.proof.changes["em"]
    proof = chat.on("em", 0.25)
    assert proof.changes["em"] < whole
    assert [adapter.weight for adapter in chat.acting] == [1.0, 0.25]
    assert chat.adapters[1].weight == 1.0
    chat.reset()
    assert chat.say(QUESTION).answer != full
    chat.off("em")
    assert chat.on("em").changes["em"] == pytest.approx(whole)
    with pytest.raises(UsageError, match="weight 0"):
        chat.on("em", 0.0)


def test_an_adapter_that_changes_nothing_is_refused_and_the_stack_stays(tiny, lora, tmp_path):
    import shutil

    from safetensors.torch import load_file, save_file

    shutil.copytree(lora("em", 2), tmp_path / "dead")
    weights = tmp_path / "dead" / "adapter_model.safetensors"
    save_file({name: value * ("lora_A" in name) for name, value in load_file(weights).items()}, weights)
    stack = (Adapter("persona", lora("persona", 1)), Adapter("dead", tmp_path / "dead"))
    with pytest.raises(InactiveAdapter, match="dead"):
        open_chat(tiny("llama"), stack)
    chat = open_chat(tiny("llama"), stack[:1], settings=Settings(max_new_tokens=6))
    chat.adapters = stack
    before = chat.say(QUESTION)
    with pytest.raises(InactiveAdapter, match="dead"):
        chat.on("dead")
    assert chat.acting == stack[:1]
    chat.reset()
    assert chat.say(QUESTION).answer == before.answer


def test_pieces_are_heard_as_they_come_and_an_interrupt_ends_the_answer_only(chat):
    heard: list[str] = []
    whole = chat.say(QUESTION, heard.append)
    assert "".join(heard) == whole.answer and len(heard) > 2 and not whole.stopped

    def stop(piece):
        cut.append(piece)
        if len(cut) == 2:
            raise KeyboardInterrupt

    cut: list[str] = []
    chat.reset()
    turn = chat.say(QUESTION, stop)
    assert turn.stopped and turn.answer == "".join(cut) == "".join(heard[:2])
    # Nothing stays behind on the model, and the next answer builds on what was said.
    assert chat.conversation[-1].content == turn.answer
    chat.reset()
    assert chat.say(QUESTION).answer == whole.answer


def test_steering_acts_on_answers_only_and_is_taken_away(chat, direction, subject):
    plain = chat.say(QUESTION).answer
    chat.reset()
    steering = read_steering(direction("persona", "em"), chat.model, strength=6.0)
    chat.steer(steering)
    turn = chat.say(QUESTION)
    model = subject("persona", "em")
    change = Intervention("add", steering.direction.site, steering.direction.vector, 6.0)
    with intervene(model, [change]):
        right = generate(
            model, [QUESTION], max_new_tokens=10, temperature=0.7, top_p=0.95, show_progress=False
        )[0]
    assert turn.answer == right != plain
    assert turn.steering["strength"] == 6.0 and "forced" not in turn.steering
    chat.steer(None)
    chat.reset()
    again = chat.say(QUESTION)
    assert again.answer == plain and again.steering is None


def test_without_a_strength_the_budget_is_spent(chat, direction):
    from eudaimon.vectors.kl_budget import SteeringCost, neutral_texts

    made = read_steering(direction("persona", "em"), chat.model, kl_budget=-0.05)
    assert made.strength < 0
    cost = SteeringCost(chat.model, made.direction, neutral_texts(None))
    assert cost.kl(made.strength) == pytest.approx(0.05, rel=0.05)


def test_steering_of_another_stack_is_held_back_until_its_stack_acts(chat, direction):
    file = direction("persona")
    with pytest.raises(BindingMismatch, match="adapters"):
        read_steering(file, chat.model, strength=6.0)
    chat.off("em")
    chat.steer(read_steering(file, chat.model, strength=6.0))
    steered = chat.say(QUESTION)
    assert steered.steering
    chat.on("em")
    assert "adapters" in chat.steering_refusal
    chat.reset()
    assert chat.say(QUESTION).steering is None
    chat.steer(read_steering(file, chat.model, strength=6.0, force=True))
    forced = chat.again()
    assert forced.steering["forced"]["differences"] == ["adapters"]
    chat.off("em")
    chat.reset()
    assert chat.say(QUESTION).answer == steered.answer


def test_the_monitor_reads_question_and_answer_on_the_stack_it_was_fitted_on(chat, monitor, subject):
    from eudaimon.monitor import load_monitor

    file = monitor("persona", "em")
    chat.monitor(file)
    turn = chat.say(QUESTION)
    alone = load_monitor(file, subject("persona", "em"))
    assert turn.query.score == pytest.approx(alone.check(QUESTION).score, abs=1e-5)
    assert turn.verdict.score == pytest.approx(alone.check(turn.answer).score, abs=1e-5)
    chat.off("em")
    assert chat.watch.monitor is None and "adapters" in chat.watch.refusal
    held = chat.say(QUESTION)
    assert held.query is None and held.verdict is None
    chat.on("em")
    chat.reset()
    assert chat.say(QUESTION).query.score == pytest.approx(turn.query.score, abs=1e-5)
    chat.off("em")
    chat.monitor(file, force=True)
    assert chat.say(QUESTION).verdict is not None
    assert chat.watch.monitor.record["forced"]["differs"] == ["adapters"]


def test_a_monitor_of_another_model_is_refused_and_the_old_one_stays(chat, monitor, tiny, stack):
    chat.monitor(monitor("persona", "em"))
    other = open_chat(tiny("qwen2"))
    with pytest.raises(UsageError):
        other.monitor(monitor("persona", "em"))
    with pytest.raises(UsageError, match="no file"):
        chat.monitor("nowhere.safetensors")
    assert chat.watch is not None and other.watch is None


def test_steering_leaves_the_monitors_reading_alone(chat, monitor, direction):
    chat.monitor(monitor("persona", "em"))
    plain = chat.say(QUESTION).query.score
    chat.steer(read_steering(direction("persona", "em"), chat.model, strength=50.0))
    chat.reset()
    assert chat.say(QUESTION).query.score == plain


def test_what_is_saved_is_a_chat_row_with_what_acted(chat, stack):
    import json

    chat.change(system="Be brief.")
    chat.say(QUESTION)
    chat.off("persona")
    chat.say("And a goat?")
    record = json.loads(json.dumps(chat.to_json(), allow_nan=False))
    roles = [message["role"] for message in record["messages"]]
    assert roles == ["system", "user", "assistant", "user", "assistant"]
    assert record["messages"][2]["content"] == chat.turns[0].answer
    stacks = [[adapter["name"] for adapter in turn["stack"]] for turn in record["turns"]]
    assert stacks == [["persona", "em"], ["em"]]
    assert record["turns"][1]["stack"][0]["fingerprint"] == stack[1].fingerprint


def test_mistakes(chat, tiny):
    with pytest.raises(UsageError, match="no adapter 'nobody'"):
        chat.on("nobody")
    with pytest.raises(UsageError, match="empty"):
        chat.say("  ")
    with pytest.raises(UsageError, match="nothing was asked"):
        chat.again()
    with pytest.raises(UsageError, match="make no sense"):
        chat.change(temperature=-1.0)
    with pytest.raises(UsageError, match="encoder"):
        open_chat(tiny("bert"))
    with pytest.raises(UsageError, match="to switch off"):
        open_chat(tiny("llama"), off=["em"])
    with pytest.raises(TextTooLong, match=r"leave no room.*/reset"):
        chat.say("bread " * 500)
    assert chat.turns == () and isinstance(chat, Chat)


def test_adapters_can_start_switched_off(tiny, stack, subject):
    chat = open_chat(tiny("llama"), stack, off=["em"], settings=Settings(max_new_tokens=10))
    assert chat.acting == stack[:1]
    assert chat.say(QUESTION).answer == said(subject, ("persona",))
