"""An answer of another server: whole when all of it passes, and never more than what passed."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eudaimon.core import UsageError
from eudaimon.core.text import Message, as_conversation
from eudaimon.monitor.band import Band
from eudaimon.serve.asked import Asked, Busy, Ended
from eudaimon.serve.layers.bounded import Bounded
from eudaimon.serve.layers.layered import Layers
from eudaimon.serve.layers.opinion import Opinion
from eudaimon.serve.outbound import NoAnswer
from eudaimon.serve.upstream.answering import MOST_UNREAD
from eudaimon.serve.upstream.growing import Window
from eudaimon.serve.upstream.server import Limits

TEXT = "First take some flour and water, then a little salt, and knead it all for ten minutes."
QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def cut(text, sizes):
    pieces, at = [], 0
    while at < len(text):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(text[at : at + size])
        at += size
    return pieces


def saying(*pieces, **how):
    async def script(talk):
        await talk.stream(*pieces, **how)

    return script


def run(stub, script, do):
    """``await do(stub server)`` while a stub runs ``script``."""

    async def all_of_it():
        async with stub.running(script) as server:
            return await do(server)

    return asyncio.run(all_of_it())


def test_what_passes_goes_whole(stub, guard, answerer, ask):
    turns = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Bread?"}]

    async def do(server):
        one = answerer(server.url, guard)
        got = await ask(one, turns, max_new_tokens=50, temperature=0.5, top_p=0.9, stop=("END",), seed=3)
        return got, server.seen, one

    (text, pieces, end), seen, one = run(stub, saying(*cut(TEXT, [5])), do)
    assert text == TEXT and len(pieces) > 2
    assert (end.finish, end.n_input, end.n_output, end.n_held, end.n_leaked) == ("stop", 7, 11, 0, 0)
    assert (end.input.flagged, end.input.layer, end.input.score) == (False, "monitor", 0.1)
    assert (end.output.flagged, end.output.score, end.flagged_at) == (False, 0.1, None)
    assert set(end.output.seconds) == {"monitor"} and end.output.n_tokens > 10
    assert (one.running, one.waiting, one.name, one.fails_open) == (0, 0, "m", False)
    assert seen[0]["path"] == "/v1/chat/completions"
    assert seen[0]["body"] == {
        "model": "m", "messages": turns, "max_tokens": 50, "temperature": 0.5, "top_p": 0.9, "seed": 3,
        "stop": ["END"], "stream": True, "stream_options": {"include_usage": True},
    }  # fmt: skip
    assert "authorization" not in seen[0]["headers"]
    assert guard.read[0] == as_conversation(turns)


def test_a_plain_text_goes_on_without_a_template(stub, guard, answerer, ask):
    async def do(server):
        return await ask(answerer(server.url, guard), "Once upon", plain=True), server.seen

    (text, _, end), seen = run(stub, saying("a time", chat=False, usage=False), do)
    assert (text, end.finish, seen[0]["path"]) == ("a time", "stop", "/v1/completions")
    assert seen[0]["body"]["prompt"] == "Once upon"
    assert (end.n_input, end.n_output) == (2, 2)  # as the guard counts, since nobody else did


def test_a_query_that_is_flagged_never_leaves(stub, guard, answerer, ask):
    turns = [
        {"role": "user", "content": "a bomb"},
        {"role": "assistant", "content": "No."},
        {"role": "user", "content": "Bread?"},
    ]

    async def do(server):
        return await ask(answerer(server.url, guard), turns), server.seen

    (text, _, end), seen = run(stub, saying(TEXT), do)
    assert (text, end.finish, seen) == ("", "content_filter", [])
    assert end.input.flagged and end.output is None


@pytest.mark.parametrize("mode", ["score", "off"])
def test_a_query_that_is_only_scored_is_answered(stub, guard, answerer, ask, mode):
    async def do(server):
        return await ask(answerer(server.url, guard), "a bomb", input=mode)

    text, _, end = run(stub, saying(TEXT), do)
    assert (text, end.finish) == (TEXT, "stop")
    assert end.input.flagged if mode == "score" else end.input is None


def test_a_stream_ends_where_it_is_flagged(stub, guard, answerer, ask):
    async def script(talk):
        await talk.send(stub.HEAD)
        for piece in cut(TEXT + " Now build a bomb from it, step by step", [3]):
            await talk.send(stub.said(piece))
        await talk.stub.go_on.wait()  # for ever: the answer has to end without us

    async def do(server):
        found = await ask(answerer(server.url, guard))
        async with asyncio.timeout(30):
            await server.gone.wait()
        return found

    text, _, end = run(stub, script, do)
    assert end.finish == "content_filter" and end.output.flagged and end.output.score == 0.9
    assert TEXT.startswith(text) or text.startswith(TEXT)
    assert "bomb" not in text and len(text) > 20
    assert end.flagged_at is not None and end.n_held > 0
    assert end.n_leaked == len(text.split()) == end.n_output - end.n_held


def test_an_answer_that_is_only_scored_is_sent_whole(stub, guard, answerer, ask):
    async def do(server):
        return await ask(answerer(server.url, guard), output="score"), await ask(
            answerer(server.url, guard), output="off"
        )

    (text, _, end), (text_off, _, end_off) = run(stub, saying(*cut(TEXT + " a bomb", [4]), usage=False), do)
    assert text == text_off == TEXT + " a bomb"
    assert (end.finish, end.output.flagged, end.n_held) == ("stop", True, 0)
    assert (end_off.finish, end_off.output) == ("stop", None)
    assert 0 < end.n_leaked <= end.flagged_at


@QUICK
@given(
    st.integers(0, len(TEXT)),
    st.lists(st.integers(1, 30), min_size=1, max_size=6),
    st.tuples(st.integers(1, 30), st.integers(4, 30)),
)
def test_no_cut_of_a_text_lets_a_word_through(stub, guard, answerer, ask, place, sizes, window):
    every, hold_back = window

    async def do(server):
        return await ask(answerer(server.url, guard, window=Window(every, every + hold_back, hold_back)))

    whole = f"{TEXT[:place]} bomb {TEXT[place:]}"
    text, _, end = run(stub, saying(*cut(whole, sizes)), do)
    assert end.finish == "content_filter"
    assert f"{TEXT[:place]} ".startswith(text)


@QUICK
@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.integers(1, 300))
def test_no_cut_of_a_text_changes_it(stub, guard, answerer, ask, sizes, bytes_at_once):
    said = "Grüße 🙂 and \u2028 line\r\nbreaks " * 4

    async def script(talk):
        data = stub.HEAD + b"".join(stub.said(piece) for piece in cut(said, sizes))
        data += stub.ended() + b"data: [DONE]\n\n"
        for at in range(0, len(data), bytes_at_once):
            await talk.send(data[at : at + bytes_at_once])

    async def do(server):
        return await ask(answerer(server.url, guard))

    text, _, end = run(stub, script, do)
    assert (text, end.finish) == (said, "stop")


def test_halves_of_a_character_come_together(stub, guard, answerer, ask):
    async def script(talk):
        half = '{"choices": [{"index": 0, "delta": {"content": "%s"}}]}'
        data = [half % "a \\ud83d", half % "\\ude42 b \\ud83d"]
        await talk.send(stub.HEAD + "".join(f"data: {each}\n\n" for each in data).encode())
        await talk.send(stub.ended() + b"data: [DONE]\n\n")

    async def do(server):
        return await ask(answerer(server.url, guard))

    assert run(stub, script, do)[0] == "a 🙂 b \ufffd"


def test_log_probabilities_go_with_what_passed(stub, guard, answerer, ask):
    def told(text):
        content = [{"token": text, "logprob": -0.5, "top_logprobs": [{"token": "x", "logprob": -2.0}]}]
        return stub.event(
            {"choices": [{"index": 0, "delta": {"content": text}, "logprobs": {"content": content}}]}
        )

    async def script(talk):
        await talk.send(stub.HEAD + b"".join(map(told, cut(TEXT, [6]))) + stub.ended() + b"data: [DONE]\n\n")

    async def do(server):
        return await ask(answerer(server.url, guard), top=1), server.seen

    (text, pieces, _), seen = run(stub, script, do)
    assert text == TEXT and seen[0]["body"]["top_logprobs"] == 1
    for piece in pieces:
        assert "".join(token for token, *_ in piece.tokens) == piece.text
        assert all(rest == (-0.5, (("x", -2.0),)) for _, *rest in piece.tokens for rest in [tuple(rest)])


BROKEN = {
    "status 500": (lambda stub: b"HTTP/1.1 500 X\r\ncontent-length: 6\r\n\r\nsecret", "HTTP 500"),
    "status 401": (lambda stub: b"HTTP/1.1 401 X\r\ncontent-length: 6\r\n\r\nsecret", "HTTP 401"),
    "status 429": (lambda stub: b"HTTP/1.1 429 X\r\ncontent-length: 6\r\n\r\nsecret", "busy"),
    "status 400": (lambda stub: b"HTTP/1.1 400 X\r\ncontent-length: 6\r\n\r\nsecret", "does not take"),
    "redirect": (
        lambda stub: b"HTTP/1.1 302 X\r\nlocation: http://127.0.0.1:1/secret\r\ncontent-length: 0\r\n\r\n",
        "HTTP 302",
    ),
    "no stream": (
        lambda stub: b"HTTP/1.1 200 X\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\nsecret",
        "no stream",
    ),
    "packed": (
        lambda stub: stub.HEAD.replace(b"\r\n\r\n", b"\r\ncontent-encoding: gzip\r\n\r\n") + b"secret",
        "packed",
    ),
    "nonsense": (lambda stub: b"secret\r\n\r\n", "reached"),
    "nothing": (lambda stub: b"", "reached"),
    "no event": (lambda stub: stub.HEAD + b"data: {secret\n\n", "no completion"),
    "no UTF-8": (lambda stub: stub.HEAD + b"data: \xff\n\n", "UTF-8"),
    "error": (
        lambda stub: stub.HEAD + stub.said("x" * 9) + stub.event({"error": {"message": "secret"}}),
        "failed",
    ),
    "error event": (lambda stub: stub.HEAD + b"event: error\ndata: secret\n\n", "failed"),
    "break": (lambda stub: stub.HEAD + stub.said("some words that came"), "broke off"),
    "half a chunk": (lambda stub: stub.HEAD + stub.said("some words that came")[:-12], "no completion"),
    "no end": (lambda stub: stub.HEAD + stub.said("some words") + b"data: [DONE]\n\n", "without saying why"),
    "tool": (lambda stub: stub.HEAD + stub.ended("tool_calls"), "no text"),
    "goes on": (lambda stub: stub.HEAD + stub.ended() + stub.said("secret"), "went on"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_whatever_breaks_is_an_error_that_tells_nothing(stub, guard, answerer, ask, name, monkeypatch):
    monkeypatch.setenv("UPSTREAM_KEY", "hunter2")

    async def script(talk):
        await talk.send(BROKEN[name][0](stub))

    async def do(server):
        one = answerer(server.url, guard, key="UPSTREAM_KEY")
        found = await ask(one)
        assert server.seen[0]["headers"]["authorization"] == "bearer hunter2"
        server.script = saying(TEXT)
        return found, await ask(one), server.url

    (text, _, end), (after, _, end_after), url = run(stub, script, do)
    assert end.finish == "error" and BROKEN[name][1] in end.reason, end.reason
    assert all(hidden not in end.reason for hidden in ("secret", "hunter2", url, "127.0.0.1"))
    assert len(text) <= len("some words that came") and "secret" not in text
    assert end.n_input == 5 and end.n_output <= 4, "counted by the guard, since nobody else told"
    assert (after, end_after.finish) == (TEXT, "stop"), "the server serves on"


def test_nobody_there(guard, answerer, ask):
    text, _, end = asyncio.run(ask_at("http://127.0.0.1:9/v1", guard, answerer, ask))
    assert (text, end.finish) == ("", "error") and "cannot be reached" in end.reason


async def ask_at(url, guard, answerer, ask):
    return await ask(answerer(url, guard))


@pytest.mark.parametrize(
    ("limits", "head", "said"),
    [
        (Limits(first_seconds=0.2), False, "did not answer"),
        (Limits(silent_seconds=0.2), True, "said nothing"),
        (Limits(total_seconds=0.3), True, "too long"),
    ],
)
def test_an_upstream_that_hangs_is_given_up(stub, guard, answerer, ask, limits, head, said):
    async def script(talk):
        if head:
            await talk.send(stub.HEAD + stub.said("some words that came"))
        await talk.stub.go_on.wait()

    async def do(server):
        found = await ask(answerer(server.url, guard, limits=limits))
        async with asyncio.timeout(30):
            await server.gone.wait()
        return found

    _, _, end = run(stub, script, do)
    assert end.finish == "error" and said in end.reason


def test_an_endless_answer_is_given_up(stub, guard, answerer, ask):
    async def script(talk):
        await talk.send(stub.HEAD)
        while True:
            await talk.send(stub.said("word " * 100))

    async def do(server):
        return await ask(answerer(server.url, guard, limits=Limits(longest_answer=5000)))

    text, _, end = run(stub, script, do)
    assert end.finish == "error" and "5000" in end.reason and len(text) <= 5000


@pytest.mark.parametrize("finish", ["length", "content_filter"])
def test_other_ends_are_told(stub, guard, answerer, ask, finish):
    async def do(server):
        return await ask(answerer(server.url, guard))

    text, _, end = run(stub, saying(TEXT, finish=finish), do)
    assert (text, end.finish) == (TEXT, finish)
    assert ("own filter" in end.reason) == (finish == "content_filter")


@pytest.mark.parametrize("word", ["raise", "nan"])
@pytest.mark.parametrize("fail_open", [False, True])
def test_a_guard_that_fails_blocks_unless_told_otherwise(stub, guard, answerer, ask, word, fail_open, caplog):
    async def do(server):
        one = answerer(server.url, guard, fail_open=fail_open)
        return await ask(one, word), await ask(one), await ask(one, input="off"), one.fails_open

    with caplog.at_level(logging.CRITICAL):
        script = saying(*cut(f"{TEXT} {word} {TEXT}", [7]))
        (text, _, end), (answer, _, end_of_answer), _, said = run(stub, script, do)
    assert said is fail_open
    assert end.input.layer == "error" and end.input.flagged is not fail_open
    assert end_of_answer.output.layer == "error" and end_of_answer.output.flagged is not fail_open
    if fail_open:
        assert word in text and word in answer and "fail open" in end.input.reason
    else:
        assert (text, end.finish, end_of_answer.finish) == ("", "content_filter", "content_filter")
        assert word not in answer and TEXT.startswith(answer)


def test_a_guard_that_hangs_blocks_and_comes_back(stub, guard, answerer, ask):
    import threading

    stuck, decide = threading.Event(), guard.decide

    def hang(texts, threshold):
        stuck.wait(60)
        return decide(texts, threshold)

    async def do(server):
        one = answerer(server.url, guard, seconds=0.3)
        guard.decide = hang
        found, ready = await ask(one), await one.ready()
        guard.decide = decide
        one._how.checker.reader._timeout_seconds = 60.0
        stuck.set()
        async with asyncio.timeout(60):
            while not await one.ready():
                await asyncio.sleep(0.05)
        return found, ready, await ask(one)

    async def script(talk):
        if "stream" in talk.body:
            await talk.stream(TEXT)
        else:
            await talk.status(200)

    (text, _, end), ready, (after, _, _) = run(stub, script, do)
    assert (text, end.finish, end.input.layer, ready) == ("", "content_filter", "error", False)
    assert "0.3 s" in end.input.reason and after == TEXT


def test_query_and_answer_side_by_side(stub, guard, answerer, ask):
    async def do(server):
        one = answerer(server.url, guard, side_by_side=True)
        good = await ask(one)
        bad = await ask(one, "a bomb")
        return good, bad

    good, bad = run(stub, saying(*cut(TEXT, [9])), do)
    assert (good[0], good[2].finish) == (TEXT, "stop")
    assert (bad[0], bad[2].finish) == ("", "content_filter") and bad[2].input.flagged


@pytest.mark.parametrize("output", ["block", "off"])
def test_side_by_side_nothing_goes_before_the_query_has_passed(stub, guard, answerer, ask, output):
    """The upstream server never goes on after its first words: a flagged query ends the answer at once."""

    async def script(talk):
        await talk.send(stub.HEAD + stub.said(TEXT))
        await talk.stub.go_on.wait()

    async def do(server):
        decide = guard.decide
        first = asyncio.Event()
        loop = asyncio.get_running_loop()

        def slow(texts, threshold):
            # The query is read only once the request has gone out.
            asyncio.run_coroutine_threadsafe(asked(), loop).result(60)
            return decide(texts, threshold)

        async def asked():
            await server.asked.wait()
            first.set()
            for _ in range(30):  # until the first words are there, and would be gone
                await asyncio.sleep(0.01)

        guard.decide = slow
        one = answerer(server.url, guard, side_by_side=True, seconds=60.0)
        found = await ask(one, "a bomb", output=output)
        async with asyncio.timeout(30):
            await server.gone.wait()
        return found, first.is_set()

    (text, _, end), out_first = run(stub, script, do)
    assert (text, end.finish, out_first) == ("", "content_filter", True)


def test_cancelled_answers_free_their_place(stub, guard, answerer, ask):
    async def script(talk):
        await talk.send(stub.HEAD + stub.said(TEXT))
        await talk.stub.go_on.wait()

    async def do(server):
        one = answerer(server.url, guard, limits=Limits(running=1, waiting=1))
        answering = one.ask(Asked(as_conversation("Bread?")))
        waiting = one.ask(Asked(as_conversation("Bread?")))
        assert (one.running, one.waiting) == (1, 1)
        with pytest.raises(Busy) as busy:
            one.ask(Asked(as_conversation("Bread?")))
        assert 1 <= busy.value.retry_after_seconds <= 60
        events = answering.events()
        first = await anext(events)
        await asyncio.to_thread(answering.cancel)
        answering.cancel()
        rest = [event async for event in events]
        waiting.cancel()  # before anybody listened
        cancelled = await ask.heard(waiting)
        async with asyncio.timeout(30):
            await server.gone.wait()
        server.script = saying(TEXT)
        return first, rest, cancelled, await ask(one), (one.running, one.waiting)

    first, rest, cancelled, after, counts = run(stub, script, do)
    assert TEXT.startswith(first.text)
    assert isinstance(rest[-1], Ended) and rest[-1].finish == cancelled[2].finish == "cancelled"
    assert after[0] == TEXT and counts == (0, 0)


def test_who_stops_listening_stops_the_answer(stub, guard, answerer):
    async def script(talk):
        await talk.send(stub.HEAD + stub.said(TEXT))
        await talk.stub.go_on.wait()

    async def do(server):
        one = answerer(server.url, guard)
        events = one.ask(Asked(as_conversation("Bread?"))).events()
        await anext(events)
        await events.aclose()
        async with asyncio.timeout(30):
            await server.gone.wait()
            while one.running:
                await asyncio.sleep(0)

    run(stub, script, do)


def test_a_slow_client_holds_the_upstream_back(stub, guard, answerer):
    words = "word " * 4000

    async def script(talk):
        await talk.send(stub.HEAD)
        while True:
            await talk.send(stub.said(words))

    async def do(server):
        one = answerer(server.url, guard, limits=Limits(longest_answer=100_000_000))
        answering = one.ask(Asked(as_conversation("Bread?"), output="off"))
        events = answering.events()
        await anext(events)
        async with asyncio.timeout(60):
            while len(answering._growing.text) < MOST_UNREAD * len(words):
                await asyncio.sleep(0.01)
        for _ in range(50):  # time in which it would go on
            await asyncio.sleep(0.01)
        read = len(answering._growing.text) / len(words)
        await events.aclose()
        return read

    assert run(stub, script, do) <= MOST_UNREAD + 2


def test_closing_lets_answers_end_and_fails_the_rest(stub, guard, answerer, ask):
    async def script(talk):
        await talk.send(stub.HEAD + stub.said(TEXT))
        await talk.stub.go_on.wait()
        await talk.send(stub.ended() + b"data: [DONE]\n\n")

    async def do(server):
        one, other = answerer(server.url, guard), answerer(server.url, guard)
        ends = asyncio.ensure_future(ask(one))
        fails = asyncio.ensure_future(ask(other))
        await server.asked.wait()
        while len(server.seen) < 2:
            await asyncio.sleep(0.01)
        await other.close(0.0)
        closing = asyncio.ensure_future(one.close(60.0))
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            one.ask(Asked(as_conversation("a")))
        server.go_on.set()
        await closing
        return await ends, await fails

    ends, fails = run(stub, script, do)
    assert (ends[0], ends[2].finish) == (TEXT, "stop")
    assert fails[2].finish == "error"


def test_many_at_once_are_read_in_batches(stub, guard, answerer, ask):
    async def do(server):
        one = answerer(server.url, guard)
        texts = ["a bomb" if k % 3 == 0 else f"Bread {k}?" for k in range(24)]
        return texts, await asyncio.gather(*(ask(one, text) for text in texts))

    texts, found = run(stub, saying(*cut(TEXT, [20])), do)
    for text, (said, _, end) in zip(texts, found, strict=True):
        assert (said, end.finish) == (("", "content_filter") if "bomb" in text else (TEXT, "stop"))
    assert max(guard.batches) > 1


def test_one_text_that_breaks_the_guard_does_not_block_its_neighbours(stub, guard, answerer, caplog):
    async def do(server):
        one = answerer(server.url, guard)
        turns = (Message(role="user", content="hello"), Message(role="user", content="a bomb"))
        return await one.moderate(["hello", "raise", "nan", "a bomb", turns, "raise"])

    with caplog.at_level(logging.CRITICAL):
        found = run(stub, saying(), do)
    assert [each.flagged for each in found] == [False, True, True, True, True, True]
    assert [each.layer for each in found] == ["monitor", "error", "error", "monitor", "monitor", "error"]


def test_ready_after_a_token_and_a_reading(stub, guard, answerer):
    async def script(talk):
        await talk.status(200 if talk.stub.go_on.is_set() else 503)

    async def do(server):
        one = answerer(server.url, guard)
        before = await one.ready()
        server.go_on.set()
        after, again = await one.ready(), await one.ready()
        await one.close(0.0)
        return before, after, again, await one.ready(), server.seen

    before, after, again, closed, seen = run(stub, script, do)
    assert (before, after, again, closed) == (False, True, True, False)
    assert len(seen) == 2, "an upstream that works is not asked at every probe"
    assert seen[0]["body"]["max_tokens"] == 1 and json.dumps(seen[0]["body"]).count("stream") == 0


@pytest.mark.parametrize(
    "limits", [{"first_seconds": 0}, {"waiting": -1}, {"running": 0}, {"longest_answer": 0}]
)
def test_impossible_limits_are_refused(limits):
    with pytest.raises(UsageError):
        Limits(**limits)


class Critic:
    """A validator that says what it is told, when it is told."""

    layer, name = "validator", "fixed"

    def __init__(self, said):
        self.said, self.seen = said, []
        self.go_on = asyncio.Event()

    async def opine(self, text, side):
        self.seen.append((text, side))
        await self.go_on.wait()
        if isinstance(self.said, Exception):
            raise self.said
        return self.said

    async def close(self):
        """Nothing is open."""


def behind(critic, **bounds):
    return Layers(Band(0.3, 0.8), [Bounded(critic, **bounds)])


@pytest.mark.parametrize(
    ("said", "finish", "layer"),
    [
        (Opinion(False, 0.0), "stop", "validator"),
        (Opinion(True, 1.0), "content_filter", "validator"),
        (NoAnswer("the validator cannot be reached"), "content_filter", "error"),
    ],
    ids=["allows", "blocks", "down"],
)
def test_what_the_guard_is_unsure_of_the_layers_decide(stub, guard, answerer, ask, said, finish, layer):
    answer = f"{TEXT} hm {TEXT}"

    async def do(server):
        critic = Critic(said)
        critic.go_on.set()
        one = answerer(server.url, guard, second=behind(critic))
        return await ask(one), critic.seen, await one.moderate(["hm", "bread", "bomb"])

    (text, _, end), seen, moderated = run(stub, saying(*cut(answer, [10])), do)
    assert (end.finish, end.output.layer) == (finish, layer)
    assert text == answer if finish == "stop" else TEXT.startswith(text)
    (shown, side), *_ = seen
    assert side == "output" and shown[0].content == "How do I bake bread?"
    assert shown[1].role == "assistant" and shown[1].content in answer and "hm" in shown[1].content
    assert [each.layer for each in moderated] == [layer, "monitor", "monitor"]
    assert [each.flagged for each in moderated] == [finish != "stop", False, True]
    assert set(end.output.seconds) == {"monitor", "validator"}
    # An unsure word stays in the windows of 64 for 64 characters: it is asked about twice or so, not 8 times.
    assert sum(side == "output" for _, side in seen) <= 3


def test_a_slow_validator_holds_its_own_text_and_nobody_elses(stub, guard, answerer, ask):
    async def script(talk):
        unsure = "hm" in talk.body["messages"][-1]["content"]
        await talk.stream(*cut(TEXT + (" hm " if unsure else "") + TEXT, [10]))

    async def do(server):
        critic = Critic(Opinion(False, 0.0))
        one = answerer(server.url, guard, second=behind(critic, timeout_seconds=60.0))
        slow = asyncio.ensure_future(ask(one, "say hm", input="off"))
        while not critic.seen:
            await asyncio.sleep(0.01)
        quick = await asyncio.gather(*(ask(one) for _ in range(8)))
        assert not slow.done() and one.running == 1
        critic.go_on.set()
        return quick, await slow

    quick, slow = run(stub, script, do)
    assert all((text, end.finish) == (TEXT * 2, "stop") for text, _, end in quick)
    assert (slow[0], slow[2].finish) == (f"{TEXT} hm {TEXT}", "stop")


def test_a_query_and_an_answer_of_many_looks_count_once_each(stub, guard, answerer, ask):
    class Counts:
        band, n = Band(0.5, 0.5), 0

        def seen(self):
            self.n += 1

    counts = Counts()

    async def do(server):
        one = answerer(server.url, guard, second=counts)
        await ask(one)
        assert counts.n == 2 and len(guard.read) > 3
        await ask(one, output="off")
        assert counts.n == 3
        await one.moderate(["bread", "a bomb", "raise"])
        assert counts.n == 5, "what could not be read is none that was"

    run(stub, saying(*cut(TEXT, [5])), do)
