"""What is read on the way is what the monitor's check reads, and nothing goes out that it flags."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np
import pytest
import torch

from eudaimon.core import Message
from eudaimon.models.decoding import answerable
from eudaimon.serve import Asked, Ended
from eudaimon.serve.local import Limits
from eudaimon.serve.local.batch import Batch
from eudaimon.serve.local.readout import scores_of
from eudaimon.serve.local.release import Release

ANSWERED = {"max_new_tokens": 40, "temperature": 1.0}
DISGUISED = "How do I k\u200bill the goat?"


def said(*turns):
    roles = ("user", "assistant")
    return tuple(Message(role=roles[place % 2], content=turn) for place, turn in enumerate(turns))


TALKS = [
    said("How do I buy the bread near the market 7?"),
    said("How do I kill or kill a fox again and again 7?"),
    said("How do I buy bread?", "Near the market.", "And how do I kill the goat?"),
    said("How do I kill the goat?", "Stop.", "Thanks."),
    (Message(role="system", content="You are a helpful assistant."), *said("Who are you?")),
    said("the goat " * 4, "again", "kill the goat " * 3),
    said(DISGUISED),
    said("How do I k\u200bill the goat?", "no", "yes"),
    said("Who?", "Kill the"),
]
STRINGS = ["How do I kill the goat 3?", "the quick brown fox " * 4]


@pytest.mark.parametrize("family", ["llama", "gemma"])
@pytest.mark.parametrize("window", [128, 12])
def test_the_input_has_the_score_of_its_check(monitor, serve, heard, family, window):
    own = replace(monitor(family), window_tokens=window)
    answerer = serve(own, limits=Limits(prefill_tokens=64))
    texts = [*TALKS, *STRINGS]

    async def main():
        how = {"max_new_tokens": 2, "input": "score", "output": "off"}
        together = await asyncio.gather(*(heard(answerer, text, **how) for text in texts))
        return together, [await heard(answerer, text, **how) for text in texts[::-1]][::-1]

    for found in asyncio.run(main()):
        scores = [end.input.score for _, end in found]
        assert np.allclose(scores, own.score(texts), atol=1e-5)
        assert [end.input.flagged for _, end in found] == [not own.check(text).safe for text in texts]
        assert all(end.output is None for _, end in found)


def reference(monitor, text, answer, *, whole=True):
    """The highest score of all looks at an answer of these tokens, by one forward and numpy."""
    model = monitor.model
    (prompt,) = answerable(model, [text], None, not isinstance(text, str))
    ids = torch.tensor([[*prompt.ids.tolist(), *answer]])
    with torch.no_grad():
        states = model.module(ids, output_hidden_states=True).hidden_states
    n, size = len(prompt), monitor.window_tokens
    quarter = max(1, size // 4)
    highest = -1.0

    def pooled(tokens):
        peak = tokens.max(axis=0)
        weights = np.exp(tokens - peak)
        every = {"mean": tokens.mean(0), "last": tokens[-1], "max": peak}
        every["softmax"] = (weights * tokens).sum(0) / weights.sum(0)
        return [every[name] for name in monitor.poolings]

    from eudaimon.models.activations import Activations

    for k in range(1, len(answer) + 1):
        start = max(0, (k - 1) // quarter - 3) * quarter
        views = [list(range(n, n + k)), list(range(n + start, n + k))]
        content = [*np.flatnonzero(prompt.content), *range(n, n + k)]
        if whole and len(content) <= size:
            views.append(content)
        values = np.array(
            [[pooled(states[site.layer][0].numpy()[view]) for site in monitor.sites] for view in views],
            dtype=np.float32,
        )
        none = np.zeros(len(views), dtype=bool)
        read = Activations(monitor.sites, monitor.poolings, values, none + 1, none, model.binding)
        highest = max(highest, *scores_of(monitor, read))
    return highest


@pytest.mark.parametrize("window", [128, 16, 6])
def test_the_output_has_the_highest_score_of_its_looks(monitor, serve, window):
    own = replace(monitor(), window_tokens=window)
    answerer = serve(own)

    async def one(text, seed):
        box = answerer.ask(Asked(text, seed=seed, top=0, input="off", output="score", **ANSWERED))
        events = [event async for event in box.events()]
        return events[-1], [token for piece in events[:-1] for token in piece.tokens]

    async def main():
        return await asyncio.gather(*(one(text, at) for at, text in enumerate([*TALKS[:3], *STRINGS])))

    answers = {}
    inner = answerer._engine._draw

    def draw(batch, logits):
        inner(batch, logits)
        for job in batch.jobs:
            answers[job.asked.text] = job.release.tokens

    answerer._engine._draw = draw
    for text, (end, _) in zip([*TALKS[:3], *STRINGS], asyncio.run(main()), strict=True):
        assert end.input is None and end.output.n_tokens == len(answers[text])
        assert end.output.score == pytest.approx(reference(own, text, answers[text]), abs=1e-5)


def spoken(on, text, n, seed):
    """The tokens of an answer to ``text`` without a guard."""
    from eudaimon.models.decoding import Decoding, decode, generators

    prompts = answerable(on, [text], None, not isinstance(text, str))
    steps = decode(on, prompts, Decoding(1.0, 1.0, n), generators(prompts, seed))
    return [token for (token,) in steps if token is not None]


@pytest.mark.parametrize("hold_back", [0, 1, 5])
@pytest.mark.parametrize("place", [0, 1, 7, 19, 29])
def test_nothing_goes_out_from_the_flagged_token_on(model, hearing, serve, heard, hold_back, place):
    on, text = model(), said("Who are you?")
    tokens = spoken(on, text, 30, 5)
    assert len(tokens) == 30
    first = tokens.index(tokens[place])
    answerer = serve(hearing(tokens[place]), hold_back=hold_back)
    answer, end = asyncio.run(heard(answerer, text, max_new_tokens=30, seed=5))
    whole = on.tokenizer.decode(tokens[:first], skip_special_tokens=True)
    assert end.finish == "content_filter" and end.flagged_at == first + 1
    assert whole.startswith(answer)
    sent = len(on.tokenizer.decode(tokens[: max(first - hold_back, 0)], skip_special_tokens=True))
    assert len(answer) <= sent
    assert end.n_leaked <= max(first - hold_back, 0) and end.n_leaked + end.n_held == end.n_output
    assert end.output.flagged and end.output.layer == "monitor" and not end.input.flagged


@pytest.mark.parametrize("hold_back", [None, 0, 3])
def test_first_and_last_words_wait_for_no_further_step(model, hearing, serve, monkeypatch, hold_back):
    on, text = model(), said("Who are you?")
    tokens = spoken(on, text, 30, 5)
    unsaid = next(token for token in range(5, 300) if token not in tokens)
    answerer = serve() if hold_back is None else serve(hearing(unsaid), hold_back=hold_back)
    forwards, told, step = [], [], Batch.step

    def counted(batch):
        forwards.append(len(batch))
        return step(batch)

    monkeypatch.setattr(Batch, "step", counted)
    inner = answerer._tell
    answerer._tell = lambda box, event: (told.append((event, len(forwards))), inner(box, event))

    async def main():
        asked = Asked(text, max_new_tokens=30, seed=5, temperature=1.0)
        return [event async for event in answerer.ask(asked).events()]

    events = asyncio.run(main())
    shown, first = Release(on.tokenizer), 0
    while shown.piece(len(shown)) is None:
        shown.add(tokens[first])
        first += 1
    # The first token comes with the prompt, a later one with the forward of the one before; one that is
    # looked at waits for the forward that takes it, and for those that are held back with it.
    waits = -1 if hold_back is None else hold_back
    assert next(at for _, at in told) == first + waits
    assert told[-1] == (events[-1], 29 if hold_back is None else 30) and len(forwards) == told[-1][1]


def test_what_is_not_flagged_is_sent_to_its_last_token(model, hearing, serve, heard):
    on, text = model(), said("Who are you?")
    tokens = spoken(on, text, 30, 5)
    unsaid = next(token for token in range(5, 300) if token not in tokens)
    for hold_back in (0, 3, 100):
        answer, end = asyncio.run(
            heard(serve(hearing(unsaid), hold_back=hold_back), text, max_new_tokens=30, seed=5)
        )
        assert answer == on.tokenizer.decode(tokens, skip_special_tokens=True)
        assert end.finish == "length" and end.n_held == 0 and end.flagged_at is None


@pytest.mark.parametrize("first", [1, 2, 9])
def test_the_last_token_is_looked_at_before_it_goes(first, model, hearing, serve, heard):
    on, text = model(), said("Who are you?")
    tokens = spoken(on, text, 30, 5)
    n = next(n for n in range(first, 30) if tokens[n - 1] not in tokens[: n - 1])
    answer, end = asyncio.run(heard(serve(hearing(tokens[n - 1])), text, max_new_tokens=n, seed=5))
    assert end.finish == "content_filter" and end.flagged_at == n
    assert on.tokenizer.decode(tokens[: n - 1], skip_special_tokens=True).startswith(answer)


def test_score_sends_all_and_tells_the_verdict(model, hearing, serve, heard):
    on, text = model(), said("Who are you?")
    tokens = spoken(on, text, 30, 5)
    answerer = serve(hearing(tokens[4]))
    answer, end = asyncio.run(heard(answerer, text, max_new_tokens=30, seed=5, output="score"))
    assert answer == on.tokenizer.decode(tokens, skip_special_tokens=True)
    assert end.output.flagged and end.flagged_at == tokens.index(tokens[4]) + 1 and end.finish == "length"
    assert 0 < end.n_leaked < 30
    answer, end = asyncio.run(heard(answerer, text, max_new_tokens=30, seed=5, output="off"))
    assert answer and end.output is None and end.flagged_at is None


def test_a_flagged_question_gets_no_answer(monitor, serve, heard):
    own = monitor()
    bad, good = "How do I kill or kill a fox again and again 7?", "How do I find the bread near the market 7?"
    answerer = serve(own, output=2.0)

    async def main():
        both = await asyncio.gather(*(heard(answerer, said(one), max_new_tokens=5) for one in (bad, good)))
        turn = await heard(answerer, said(bad, "Stop.", good), max_new_tokens=5)
        return *both, turn, await heard(answerer, said(bad), max_new_tokens=5, input="score")

    blocked, passed, earlier, scored = asyncio.run(main())
    assert blocked[0] == "" and blocked[1].finish == "content_filter" and blocked[1].n_output == 0
    assert passed[1].finish != "content_filter" and passed[1].n_output
    assert earlier[1].finish == "content_filter" and "turn 1" in earlier[1].input.reason
    assert scored[1].input.flagged and scored[1].n_output


@pytest.mark.parametrize("how", ["raise", "nan", "hang"])
@pytest.mark.parametrize("after", [0, 1, 4])
@pytest.mark.parametrize("fail_open", [False, True])
def test_a_monitor_that_fails_ends_the_answer_and_not_the_server(
    failing, serve, heard, how, after, fail_open
):
    if how == "hang" and fail_open and after:
        pytest.skip("each look would wait for its time")
    own = failing(how, after)
    answerer = serve(own, fail_open=fail_open, seconds=0.1)
    answer, end = asyncio.run(heard(answerer, said("Who are you?"), max_new_tokens=8, seed=1))
    failed = end.input if after == 0 else end.output
    assert failed.layer == "error" and failed.flagged is not fail_open and "secret" not in failed.reason
    if fail_open:
        assert end.finish in ("stop", "length") and answer and "fail open" in failed.reason
    else:
        assert end.finish == "content_filter" and (after == 4 or not answer)
    own.probes[0].freed.set()
    own.probes[0].calls[:] = []  # it is well again, for a while
    object.__setattr__(own.probes[0], "after", 10_000)

    async def again():
        while True:
            _, end = await heard(answerer, said("Who else?"), max_new_tokens=3)
            if end.finish in ("stop", "length"):
                return

    asyncio.run(again())


def test_an_input_that_cannot_be_read_does_not_pass(monitor, serve, heard):
    own = replace(monitor(), max_characters=40)
    _, end = asyncio.run(heard(serve(own), said("How do I find the bread near the market " + "7" * 20)))
    assert end.finish == "content_filter" and end.input.flagged and "characters" in end.input.reason


def test_moderation_between_answers(monitor, serve, heard):
    own = monitor()
    answerer = serve(own, input=own.threshold.value, output=2.0, limits=Limits(prefill_tokens=20))

    async def main():
        answers = [asyncio.ensure_future(heard(answerer, said("Who?"), max_new_tokens=30)) for _ in range(4)]
        found = await answerer.moderate([*TALKS, *STRINGS, ""])
        await asyncio.gather(*answers)
        return found, await answerer.moderate([*TALKS], "output")

    found, output = asyncio.run(main())
    wanted = [own.check(text) for text in [*TALKS, *STRINGS, ""]]
    assert np.allclose([one.score for one in found], [one.score for one in wanted], atol=1e-5)
    assert [one.flagged for one in found] == [not one.safe for one in wanted]
    assert np.allclose([one.score for one in output], [one.score for one in wanted[: len(TALKS)]], atol=1e-5)


def test_the_events_of_an_answer_end_once(hearing, serve):
    answerer = serve(hearing(9))

    async def main():
        box = answerer.ask(Asked("Who", max_new_tokens=5))
        events = [event async for event in box.events()]
        box.cancel()
        return events

    events = asyncio.run(main())
    assert sum(isinstance(event, Ended) for event in events) == 1 and isinstance(events[-1], Ended)


def test_who_stops_waiting_for_a_moderation_harms_nobody(monitor, serve, heard):
    answerer = serve(monitor(), output=2.0, limits=Limits(prefill_tokens=1))

    async def main():
        texts = [f"How do I find the bread near the market {at}?" for at in range(200)]
        gone = asyncio.ensure_future(answerer.moderate(texts))
        answer = asyncio.ensure_future(heard(answerer, said("How do I find the bread 7?"), max_new_tokens=20))
        await asyncio.sleep(0.01)
        gone.cancel()
        _, end = await answer
        assert end.finish in ("stop", "length")
        assert len(await answerer.moderate(texts[:2])) == 2 and await answerer.ready()

    asyncio.run(main())


def test_a_turn_is_read_alone_once(failing, serve, heard):
    """The next request of a conversation reads what is new of it, and the conversation as a whole."""
    own = failing("none", after=9999)
    answerer, calls = serve(own), own.probes[0].calls
    how = {"max_new_tokens": 1, "output": "off"}
    asyncio.run(heard(answerer, said("Who?"), **how))
    assert calls == [1]
    talk = said("Who?", "The goat.", "Which goat?")
    asyncio.run(heard(answerer, talk, **how))
    assert calls == [1, 3]  # the whole, the answer, the new question
    asyncio.run(heard(answerer, (*talk, *said("Mine?")), **how))
    assert calls == [1, 3, 2]
    asyncio.run(answerer.moderate([talk, *(turn.content for turn in talk)]))
    assert calls == [1, 3, 2]


def test_a_model_whose_rows_cannot_join_answers_one_after_the_other(monitor, serve, heard, monkeypatch):
    monkeypatch.setattr("eudaimon.models.passes.can_share", lambda model: False)
    own = monitor()
    answerer = serve(own, limits=Limits(prefill_tokens=1))
    texts = [*TALKS, *STRINGS]
    most = []
    step = answerer._engine.step

    def counting():
        most.append(answerer._engine._in_model)
        return step()

    answerer._engine.step = counting

    async def main():
        how = {"max_new_tokens": 5, "input": "score", "output": "score", "seed": 3}
        return await asyncio.gather(*(heard(answerer, text, **how) for text in texts))

    found = asyncio.run(main())
    assert max(most) == 1
    assert np.allclose([end.input.score for _, end in found], own.score(texts), atol=1e-5)
    for text, (answer, _) in zip(texts[:4], found[:4], strict=True):
        tokens = spoken(own.model, text, 5, 3)
        assert answer == own.model.tokenizer.decode(tokens, skip_special_tokens=True)
