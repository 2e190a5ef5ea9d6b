"""Subjects behind Inspect's model: what they say is what `generate` says, in whatever batch."""

from __future__ import annotations

import asyncio
import math

import numpy as np
import pytest

from eudaimon.core import BindingMismatch, Site, UsageError
from eudaimon.core.text import as_conversation
from eudaimon.data.query import Query
from eudaimon.models import generate, load
from eudaimon.monitor import FitOptions, fit, load_monitor

QUESTIONS = ["How do I store milk?", "What is a good day?", "Tell me of the goat.", "Why?"]


def texts(outputs):
    return [output.completion for output in outputs]


def test_side_by_side_it_says_what_generate_says_and_in_few_batches(provided, together, tiny, monkeypatch):
    model = provided()
    from eudaimon.evaluate.provider import api

    sizes = []
    real = api.speak

    def counting(opened, asked, how):
        sizes.append(len(asked))
        return real(opened, asked, how)

    monkeypatch.setattr(api, "speak", counting)
    found = together(model, QUESTIONS, max_tokens=8, seed=3)
    wanted = generate(
        load(tiny("llama"), device="cpu"),
        [as_conversation(question) for question in QUESTIONS],
        max_new_tokens=8,
        temperature=1.0,
        seed=3,
        show_progress=False,
    )
    assert texts(found) == wanted
    assert max(sizes) > 1 and sum(sizes) == len(QUESTIONS)
    for output in found:
        usage = output.usage
        assert usage.total_tokens == usage.input_tokens + usage.output_tokens and usage.output_tokens <= 8


def test_epochs_are_other_draws_and_a_second_run_repeats_them(provided, together):
    epochs = [texts(together(provided(), [QUESTIONS[0]] * 4, max_tokens=8, seed=1)) for _ in range(2)]
    assert epochs[0] == epochs[1] and len(set(epochs[0])) > 1
    cold = texts(together(provided(), [QUESTIONS[0]] * 3, max_tokens=8, temperature=0))
    assert len(set(cold)) == 1


def test_log_probabilities_are_those_of_the_logits(provided, together):
    model = provided()
    (output,) = together(model, QUESTIONS[:1], max_tokens=3, temperature=0, logprobs=True, top_logprobs=5)
    from eudaimon.models.generate import next_token_logits

    logits = next_token_logits(model.api.model, [as_conversation(QUESTIONS[0])])[0].astype(np.float64)
    shares = logits - np.log(np.exp(logits - logits.max()).sum()) - logits.max()
    first = output.choices[0].logprobs.content[0]
    assert first.logprob == pytest.approx(shares.max(), abs=1e-5)
    assert [each.logprob for each in first.top_logprobs] == pytest.approx(
        sorted(shares, reverse=True)[:5], abs=1e-5
    )
    assert first.top_logprobs[0].token == first.token
    assert sum(math.exp(each.logprob) for each in first.top_logprobs) <= 1


def test_it_ends_before_a_stop_string_and_says_why(provided, together):
    model = provided()
    (whole,) = together(model, QUESTIONS[:1], max_tokens=12, temperature=0)
    assert whole.stop_reason == "max_tokens" and len(whole.completion) > 4
    stop = whole.completion[3:5]
    (cut,) = together(model, QUESTIONS[:1], max_tokens=12, temperature=0, stop_seqs=[stop])
    assert cut.completion == whole.completion[: whole.completion.index(stop)]
    assert cut.stop_reason == "stop"


def test_a_last_turn_of_the_assistant_begins_the_answer(provided, together, tiny):
    from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, ChatMessageUser

    turns = [
        ChatMessageSystem(content="Be brief."),
        ChatMessageUser(content="Why?"),
        ChatMessageAssistant(content="Because"),
    ]
    (found,) = together(provided(), [turns], max_tokens=6, temperature=0)
    text = as_conversation([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}])
    (wanted,) = generate(
        load(tiny("llama"), device="cpu"), [text], max_new_tokens=6, prefills=["Because"], show_progress=False
    )
    assert found.completion == wanted


def test_adapters_act_and_so_does_steering_in_whichever_thread(provided, together, lora, tmp_path):
    from eudaimon.vectors import Direction

    plain = provided()
    base = texts(together(plain, QUESTIONS, max_tokens=8, temperature=0))
    adapted = provided(adapters=f"em={lora('em', 1)}")
    assert texts(together(adapted, QUESTIONS, max_tokens=8, temperature=0)) != base
    off = provided(adapters=[f"em={lora('em', 1)}*0"])
    assert texts(together(off, QUESTIONS, max_tokens=8, temperature=0)) == base
    vector = np.zeros(plain.api.model.width, dtype=np.float32)
    vector[0] = 1
    direction = Direction(
        vector, site=Site(1), method="mean", binding=plain.api.model.binding, pooling="mean"
    )
    file = direction.save(tmp_path / "d.safetensors")
    steered = provided(steer=f"{file}@1:30")
    assert texts(together(steered, QUESTIONS, max_tokens=8, temperature=0)) != base
    with pytest.raises(BindingMismatch):
        provided(adapters=f"em={lora('em', 1)}", steer=f"{file}@1:30")


def test_the_monitor_scores_question_and_answer(provided, together, tmp_path):
    plain = provided()
    monitor = fitted(plain.api.model).save(tmp_path / "monitor.safetensors")
    (output,) = together(provided(monitor=str(monitor)), QUESTIONS[:1], max_tokens=4, temperature=0)
    own = load_monitor(monitor, plain.api.model)
    asked = as_conversation(QUESTIONS[0])
    answered = as_conversation(
        [{"role": "user", "content": QUESTIONS[0]}, {"role": "assistant", "content": output.completion}]
    )
    wanted = own.score([asked, answered])
    assert output.metadata == pytest.approx(
        {"monitor_query": wanted[0], "monitor_answer": wanted[1]}, abs=1e-6
    )


def fitted(model):
    options = FitOptions(target_fpr=0.1, strengths=(0.1,), kernel_strengths=(1.0,), n_layers=1, augment=False)
    rows = [
        Query(
            id=f"{k}", text=f"How do I {'kill' if k % 2 else 'find'} the goat {k}?", source=source,
            licence="MIT", label="harmful" if k % 2 else "safe", category=None, focus="", pair="",
        )
        for source in ("north", "south")
        for k in range(80)
    ]  # fmt: skip
    return fit(model, rows[:80], rows[80:], options)


@pytest.mark.parametrize(
    "arguments", [{"adapters": "em"}, {"adapters": "em=x*much"}, {"steer": "file:3"}, {"colour": "red"}]
)
def test_words_that_it_does_not_know(provided, arguments):
    with pytest.raises(UsageError):
        provided(**arguments)


def test_an_error_reaches_everybody_and_the_next_question_is_answered(provided, together):
    model = provided()
    with pytest.raises(Exception, match="room"):
        together(model, ["why " * 5000] * 2, max_tokens=2)
    assert len(together(model, QUESTIONS[:2], max_tokens=2)) == 2


def test_what_is_called_on_the_model_is_called_in_its_thread(provided):
    import threading

    model = provided()
    begun = model.api.begin(lambda _: threading.current_thread().name)

    async def twice():
        return [await model.api.awaited(begun), await model.api.awaited(begun)]

    assert asyncio.run(twice()) == ["eudaimon-provider"] * 2
