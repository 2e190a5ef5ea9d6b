"""A server behind that fails, over real sockets: the right status, nothing of what it said, on it goes."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import openai
import pytest

from eudaimon.serve.http import Limits as HttpLimits
from eudaimon.serve.http import Settings
from eudaimon.serve.upstream import Limits
from eudaimon.serve.upstream.refusals import LONGEST_RETRY, retry_after

SECRET, KEY = "what-it-said", "the-key-for-it"
TEXT = "Mix the flour with water and salt, knead it for ten minutes and let it rest overnight."
HINT = "This model's maximum context length is 4096 tokens. However, you requested 9000 tokens: what-it-said"


def error(message: str, **more) -> bytes:
    return json.dumps({"error": {"message": message, **more}}).encode()


def status(number: int, content: bytes = error(SECRET), more: str = ""):
    return lambda talk, stub: talk.status(number, content, more=more)


def sends(of):
    return lambda talk, stub: talk.send(of(stub))


async def hangs(talk, stub):
    await talk.stub.go_on.wait()


BEFORE = {
    "500": (status(500), 502, "upstream_failed", None),
    "401": (status(401), 502, "upstream_failed", None),
    "404": (status(404), 502, "upstream_failed", None),
    "302": (status(302, more="location: http://elsewhere.example\r\n"), 502, "upstream_failed", None),
    "429": (status(429, more="retry-after: 7\r\n"), 429, "upstream_busy", "7"),
    "429 far off": (status(429, more="retry-after: 86400\r\n"), 429, "upstream_busy", "60"),
    "429 no time": (status(429, more="retry-after: soon\r\n"), 429, "upstream_busy", None),
    "503": (status(503, more="retry-after: 3\r\n"), 503, "upstream_overloaded", "3"),
    "504": (status(504), 504, "upstream_slow", None),
    "400": (status(400), 400, "upstream_refused", None),
    "422": (status(422), 400, "upstream_refused", None),
    "context by code": (
        status(400, error(SECRET, code="context_length_exceeded")), 400, "context_length_exceeded", None,
    ),
    "context by words": (status(400, error(HINT)), 400, "context_length_exceeded", None),
    "hangs": (hangs, 504, "upstream_slow", None),
    "no stream": (lambda talk, stub: talk.status(200, b"what-it-said"), 502, "upstream_nonsense", None),
    "no HTTP": (sends(lambda stub: b"what-it-said\r\n\r\n"), 502, "upstream_unreachable", None),
    "silence after the head": (sends(lambda stub: stub.HEAD), 502, "upstream_broke_off", None),
    "nonsense": (sends(lambda stub: stub.HEAD + b"data: what-it-said\n\n"), 502, "upstream_nonsense", None),
}  # fmt: skip
SOME = "some words that came and were read and passed and went to whoever had asked"
AFTER = {
    "breaks off": (lambda stub: b"", "upstream_broke_off"),
    "error": (lambda stub: stub.event({"error": {"message": SECRET}}), "upstream_broke_off"),
    "nonsense": (lambda stub: b"data: {what-it-said\n\n", "upstream_nonsense"),
    "tool": (lambda stub: stub.ended("tool_calls"), "upstream_nonsense"),
}


@pytest.fixture
def both(stub, guard, answerer, over_http, monkeypatch):
    """``with both(script) as (url, stub, server)``: our server on loopback in front of a scripted one."""
    monkeypatch.setenv("UPSTREAM_KEY", KEY)

    @contextmanager
    def start(script, seconds=60.0, **limits):
        patience = Limits(first_seconds=seconds, silent_seconds=seconds)
        with stub.in_thread(script) as server:
            one = answerer(server.url, guard, key="UPSTREAM_KEY", limits=patience)
            with over_http(one, Settings(limits=HttpLimits(**limits))) as (url, ours):
                yield url, server, ours

    return start


def chat(url: str, text: str = "Bread?", **more) -> httpx.Response:
    body = {"messages": [{"role": "user", "content": text}], **more}
    return httpx.post(f"{url}/v1/chat/completions", json=body, timeout=60)


def tells_nothing(response: httpx.Response, server) -> None:
    said = response.text + str(response.headers)
    for hidden in (SECRET, KEY, server.url, server.url.removeprefix("http://"), "elsewhere", "9000"):
        assert hidden not in said


def counted(ours, kind: str) -> bool:
    return f'eudaimon_failures_total{{kind="{kind}"}}' in ours._serving.metrics.page().decode()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", BEFORE)
def test_before_an_answer_the_status_says_what_failed(both, stub, name, stream, logged_faults):
    script, expected, code, wait = BEFORE[name]

    async def scripted(talk):
        await script(talk, stub)

    with both(scripted, seconds=1.0 if name == "hangs" else 60.0) as (url, server, ours):
        found = chat(url, stream=stream)
        assert (found.status_code, found.json()["error"]["code"]) == (expected, code)
        assert set(found.json()["error"]) == {"message", "type", "param", "code"}
        assert found.headers.get("retry-after") == wait
        tells_nothing(found, server)
        kind = "too_long" if code == "context_length_exceeded" else code.removeprefix("upstream_")
        assert counted(ours, f"upstream_{kind}")
        assert logged_faults() == [kind]
        server.script = lambda talk: talk.stream(TEXT)
        assert chat(url).json()["choices"][0]["message"]["content"] == TEXT


@pytest.fixture
def logged_faults(caplog):
    """The kinds of faults in the log, and that it holds nothing of the server behind but its status."""
    caplog.set_level("INFO", "eudaimon.serve")

    def found():
        from eudaimon.serve.http.logs import JsonLines

        lines = [JsonLines().format(record) for record in caplog.records]
        assert not any(hidden in line for line in lines for hidden in (SECRET, KEY))
        return [each["fault"] for each in map(json.loads, lines) if each.get("fault")]

    return found


@pytest.mark.parametrize("name", AFTER)
def test_in_the_middle_of_a_stream_an_error_comes_and_no_end(both, stub, name):
    rest, code = AFTER[name]

    async def script(talk):
        await talk.send(stub.HEAD + stub.said(SOME))
        await asyncio.sleep(0.05)
        await talk.send(rest(stub))

    with both(script) as (url, server, ours):
        found = chat(url, stream=True)
        assert found.status_code == 200 and "some words" in found.text and "[DONE]" not in found.text
        last = json.loads(found.text.strip().split("\n")[-1].removeprefix("data: "))
        assert last["error"]["code"] == code and last["error"]["type"] == "server_error"
        tells_nothing(found, server)
        whole = chat(url)
        assert (whole.status_code, whole.json()["error"]["code"]) == (502, code)
        assert "some words" not in whole.text
        assert counted(ours, code)
        server.script = lambda talk: talk.stream(TEXT)
        assert chat(url, stream=True).text.endswith("data: [DONE]\n\n")


def test_nobody_there_is_502(guard, answerer, over_http):
    with over_http(answerer("http://127.0.0.1:9/v1", guard)) as (url, _):
        for stream in (False, True):
            found = chat(url, stream=stream)
            assert (found.status_code, found.json()["error"]["code"]) == (502, "upstream_unreachable")
            assert ":9" not in found.text


def test_the_official_client_sees_its_own_errors(both, stub):
    async def script(talk):
        await talk.status(429, error(SECRET), more="retry-after: 2\r\n")

    with both(script) as (url, server, _):
        asked = {"model": "m", "messages": [{"role": "user", "content": "Bread?"}]}
        with openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
            for stream in (False, True):
                with pytest.raises(openai.RateLimitError) as told:
                    client.chat.completions.create(**asked, stream=stream)
                assert told.value.response.headers["retry-after"] == "2"
            server.script = lambda talk: talk.status(400, error(HINT))
            with pytest.raises(openai.BadRequestError) as told:
                client.chat.completions.create(**asked)
            assert told.value.code == "context_length_exceeded"


def test_a_slow_server_behind_is_waited_for_with_a_heartbeat(both, stub):
    async def script(talk):
        await asyncio.sleep(1)
        await talk.status(500)

    with both(script, heartbeat_seconds=0.05) as (url, _, _):
        found = chat(url, stream=True)
        assert found.status_code == 200, "the stream had begun"
        assert found.text.count(": nothing yet\n\n") >= 2
        assert '"code": "upstream_failed"' in found.text and "[DONE]" not in found.text


def test_the_server_behind_is_told_our_id_of_the_request(both, stub):
    async def script(talk):
        await talk.stream(TEXT)

    with both(script) as (url, server, _):
        found = chat(url)
        assert server.seen[0]["headers"]["x-request-id"] == found.headers["x-request-id"]


def test_when_to_come_back_is_read_and_bounded():
    now = datetime.now(UTC)
    assert retry_after("2.5") == 2.5 and retry_after("0") == retry_after("-3") == 1.0
    assert retry_after("1e9") == LONGEST_RETRY
    assert 20 < retry_after(format_datetime(now + timedelta(seconds=30), usegmt=True)) <= 30
    assert retry_after(format_datetime(now - timedelta(days=1), usegmt=True)) == 1.0
    for nothing in (None, "", "soon", "nan", "inf", "Wed, 99 Foo 2026"):
        assert retry_after(nothing) is None


@pytest.mark.parametrize(
    "said",
    [
        "This model's maximum context length is 8192 tokens.",
        "The decoder prompt (length 5000) is longer than the maximum model length of 4096.",
        "The input (9000 tokens) is longer than the model's context length (8192 tokens).",
        "the request exceeds the available context size. try increasing the context size",
        "litellm.ContextWindowExceededError: ...",
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096",
        "prompt is too long: 210000 tokens > 200000 maximum",
    ],
)
def test_ways_to_say_that_the_context_is_too_short(both, said):
    async def script(talk):
        await talk.status(400, error(said))

    with both(script) as (url, _, _):
        assert chat(url).json()["error"]["code"] == "context_length_exceeded"


def test_a_guard_whose_thread_hangs_ends_the_server(stub, answerer, over_http):
    freed = threading.Event()

    class Hanging:
        def decide(self, texts, threshold):
            freed.wait(60)
            raise RuntimeError

    async def script(talk):
        await talk.stream(TEXT)

    with stub.in_thread(script) as server:
        one = answerer(server.url, Hanging())
        try:
            with over_http(one, Settings(limits=HttpLimits(stuck_seconds=0.4))) as (url, ours):
                found = chat(url)
                assert (found.status_code, found.json()["error"]["code"]) == (503, "stuck")
                assert TEXT not in found.text and not server.seen, "an unread query does not leave"
                assert ours.stuck
        finally:
            freed.set()
