"""What many are answered at once is what each is answered alone; who is gone or in line is served right."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eudaimon.core import Message, TextTooLong, UsageError
from eudaimon.models import generate
from eudaimon.serve import Asked, Busy, Ended
from eudaimon.serve.local import Limits

PROMPTS = [
    "Where?",
    "How do I buy fresh bread near the market in the morning, again and again?",
    "You are a helpful assistant. Explain how the heart pumps blood.",
    "Write a letter to my neighbour about the noise of his goat.",
]


def said(*turns):
    roles = ("user", "assistant")
    return tuple(Message(role=roles[place % 2], content=turn) for place, turn in enumerate(turns))


def alone(model, text, n, **how):
    template = not isinstance(text, str)
    return generate(model, [text], max_new_tokens=n, template=template, show_progress=False, **how)[0]


@pytest.mark.parametrize("family", ["llama", "mistral", "gemma3", "opt"])
@pytest.mark.parametrize("slots", [2, 32])
def test_together_as_alone(model, serve, heard, family, slots):
    on = model(family)
    answerer = serve(on=on, limits=Limits(slots=slots, prefill_tokens=40))

    async def main():
        asked = [
            (
                PROMPTS[at % 4] + f" {at}",
                {"max_new_tokens": 3 + 5 * (at % 5), "seed": at, "temperature": at % 2},
            )
            for at in range(12)
        ]
        tasks = []
        for text, how in asked:  # each joins while others are under way
            tasks.append(asyncio.ensure_future(heard(answerer, text, **how)))
            await asyncio.sleep(0)
        return asked, await asyncio.gather(*tasks)

    asked, found = asyncio.run(main())
    for (text, how), (answer, end) in zip(asked, found, strict=True):
        n = how.pop("max_new_tokens")
        assert answer == alone(on, text, n, **how)
        assert end.finish in ("stop", "length") and end.n_output <= n
        assert (end.finish == "length") is (end.n_output == n)


def test_many_guarded_at_once_equal_one_by_one(monitor, serve, heard):
    answerer = serve(monitor(), input=2.0, output=2.0)
    texts = [said(f"{PROMPTS[at % 4]} {at}") for at in range(32)]

    async def main():
        together = await asyncio.gather(*(heard(answerer, text, max_new_tokens=8, seed=7) for text in texts))
        return together, [await heard(answerer, text, max_new_tokens=8, seed=7) for text in texts]

    together, each = asyncio.run(main())
    assert [answer for answer, _ in together] == [answer for answer, _ in each]
    for (_, one), (_, other) in zip(together, each, strict=True):
        assert one.input.score == pytest.approx(other.input.score, abs=1e-5)
        assert one.output.score == pytest.approx(other.output.score, abs=1e-5)


@pytest.mark.parametrize("n", [100, 6])
def test_a_long_prompt_goes_in_by_pieces_and_says_the_same(model, serve, heard, n):
    on = model()
    answerer = serve(on=on, limits=Limits(prefill_tokens=16))
    long = "How do I buy fresh bread near the market in the morning, " * 3
    assert 64 < len(on.tokenizer(long)["input_ids"]) < 118

    async def main():
        return await asyncio.gather(
            heard(answerer, long, max_new_tokens=n, temperature=0.0),
            *(heard(answerer, one, max_new_tokens=9, temperature=0.0) for one in PROMPTS),
        )

    found = asyncio.run(main())
    assert found[0][0] == alone(on, long, n)
    assert [answer for answer, _ in found[1:]] == [alone(on, one, 9) for one in PROMPTS]


def test_short_ones_do_not_wait_for_long_ones(model, serve):
    """The long prompt comes first and takes many steps; the short one behind it is answered before."""
    answerer = serve(limits=Limits(prefill_tokens=4))
    order = []

    async def one(text, n):
        async for event in answerer.ask(Asked(text, max_new_tokens=n)).events():
            if isinstance(event, Ended):
                order.append(text)

    async def main():
        await asyncio.gather(
            one("How do I buy fresh bread near the market in the morning, " * 4, 2), one("Who", 2)
        )

    asyncio.run(main())
    assert order[0] == "Who" and len(order) == 2


@pytest.mark.parametrize("stop", [(" ",), ("e",), ("the", "a"), ("nothing like it",)])
def test_stop_strings_are_never_sent(model, serve, heard, stop):
    on = model()
    answerer = serve(on=on)

    async def main():
        return [
            await heard(answerer, one, max_new_tokens=30, seed=at, stop=stop)
            for at, one in enumerate(PROMPTS)
        ]

    for at, (answer, end) in enumerate(asyncio.run(main())):
        whole = alone(on, PROMPTS[at], 30, temperature=1.0, seed=at)
        cut = min((place for own in stop if (place := whole.find(own)) >= 0), default=len(whole))
        assert answer == whole[:cut]
        assert end.finish == "stop" if cut < len(whole) else True


def test_log_probabilities_come_with_their_tokens(model, serve):
    on = model()
    answerer = serve(on=on)

    async def main():
        box = answerer.ask(Asked("Where", max_new_tokens=10, temperature=0.0, top=3))
        return [event async for event in box.events()]

    *pieces, end = asyncio.run(main())
    tokens = [token for piece in pieces for token in piece.tokens]
    assert len(tokens) == end.n_output
    assert all(value == top[0][1] and len(top) == 3 and value <= 0 for _, value, top in tokens)


def test_a_beginning_of_the_answer_is_gone_on_with(model, serve, heard):
    on = model()
    answerer = serve(on=on)
    answer, _ = asyncio.run(heard(answerer, said("Who?", "Near the"), max_new_tokens=8, temperature=0.0))
    right = generate(on, [said("Who?")], prefills=["Near the"], max_new_tokens=8, show_progress=False)
    assert answer == right[0]


def test_a_full_queue_says_when_to_come_again(serve):
    answerer = serve(limits=Limits(slots=1, waiting=2))

    async def main():
        boxes = [answerer.ask(Asked(f"Who {at}", max_new_tokens=60)) for at in range(2)]
        with pytest.raises(Busy) as error:
            for at in range(100):
                boxes.append(answerer.ask(Asked(f"And {at}", max_new_tokens=60)))
        assert error.value.retry_after_seconds > 0
        ends = [[event async for event in box.events()][-1] for box in boxes]
        assert all(end.finish in ("stop", "length") for end in ends)

    asyncio.run(main())


def test_what_cannot_be_asked_is_said_at_once(serve):
    answerer = serve()

    async def main():
        with pytest.raises(TextTooLong):
            answerer.ask(Asked("the goat " * 500))
        with pytest.raises(TextTooLong):
            answerer.ask(Asked("a" * 10_000_000))
        with pytest.raises(UsageError):
            answerer.ask(Asked("Who", temperature=-1.0))
        with pytest.raises(UsageError):
            await answerer.moderate(["Who"])

    asyncio.run(main())
    assert answerer.running == answerer.waiting == 0


def test_who_is_gone_frees_a_place(serve, heard):
    answerer = serve(limits=Limits(slots=1))

    async def main():
        gone = [answerer.ask(Asked(f"Who {at}", max_new_tokens=80)) for at in range(5)]
        for box in gone:
            box.cancel()
            box.cancel()
        ends = [[event async for event in box.events()][-1] for box in gone]
        assert {end.finish for end in ends} <= {"cancelled", "stop", "length"}
        assert ends[-1].finish == "cancelled"
        _, end = await heard(answerer, "Who", max_new_tokens=4)
        assert end.finish in ("stop", "length") and end.n_output <= 4
        async for _ in answerer.ask(Asked("Who goes", max_new_tokens=80)).events():
            break  # stops listening
        while answerer.running:
            await asyncio.sleep(0.001)

    asyncio.run(main())


def test_closing_ends_what_runs_and_takes_nothing_new(serve):
    answerer = serve(limits=Limits(slots=2))

    async def main():
        assert await answerer.ready()
        boxes = [answerer.ask(Asked(f"Who {at}", max_new_tokens=90)) for at in range(6)]
        await answerer.close(0)
        ends = [[event async for event in box.events()][-1] for box in boxes]
        assert {end.finish for end in ends} <= {"error", "stop", "length"} and ends[-1].finish == "error"
        assert "stops" in ends[-1].reason
        with pytest.raises(Busy):
            answerer.ask(Asked("Who"))
        assert not await answerer.ready()

    asyncio.run(main())


def test_closing_with_grace_lets_answers_end(serve):
    answerer = serve()

    async def main():
        boxes = [answerer.ask(Asked(f"Who {at}", max_new_tokens=20)) for at in range(6)]
        await answerer.close(60)
        ends = [[event async for event in box.events()][-1] for box in boxes]
        assert all(end.finish in ("stop", "length") for end in ends)

    asyncio.run(main())


def test_a_model_that_fails_costs_its_batch_and_not_the_server(model, serve, heard, monkeypatch):
    on = model()
    answerer = serve(on=on)
    forward, calls = type(on.module).forward, []

    def failing(self, *args, **kwargs):
        calls.append(None)
        if len(calls) == 5:
            raise RuntimeError("the secret text does not fit")
        return forward(self, *args, **kwargs)

    async def main():
        _, end = await heard(answerer, "Who", max_new_tokens=40, temperature=0.0)
        return end, await heard(answerer, "Who", max_new_tokens=40, temperature=0.0)

    monkeypatch.setattr(type(on.module), "forward", failing)
    first, (answer, second) = asyncio.run(main())
    assert first.finish == "error" and "RuntimeError" in first.reason and "secret" not in first.reason
    assert second.finish in ("stop", "length") and answer == alone(on, "Who", 40)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    jobs=st.lists(
        st.tuples(st.integers(1, 40), st.integers(1, 25), st.integers(0, 3), st.booleans()),
        min_size=1,
        max_size=9,
    )
)
def test_any_mixture_says_what_each_says_alone(model, serve, heard, jobs):
    on = model()
    answerer = serve(on=on, limits=Limits(slots=3, prefill_tokens=24))

    async def one(words, n, wait, drawn):
        for _ in range(wait):
            await asyncio.sleep(0.001)
        how = {"temperature": 1.0 if drawn else 0.0, "seed": n}
        text = " ".join(("the goat jumps over a fox " * 8).split()[:words])
        answer, _ = await heard(answerer, text, max_new_tokens=n, **how)
        assert answer == alone(on, text, n, **how)

    async def main():
        await asyncio.gather(*(one(*job) for job in jobs))

    asyncio.run(main())


def test_an_event_loop_that_is_gone_frees_its_places(serve, heard):
    answerer = serve(limits=Limits(slots=2))

    async def leave():
        for at in range(4):
            answerer.ask(Asked(f"Who {at}", max_new_tokens=100, temperature=0.0))

    asyncio.run(leave())
    _, end = asyncio.run(heard(answerer, "Who", max_new_tokens=3))
    assert end.finish in ("stop", "length")

    async def empty():
        while answerer.running or answerer.waiting:
            await asyncio.sleep(0.001)

    asyncio.run(empty())
