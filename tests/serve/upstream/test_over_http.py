"""The guard in front of another server, over our HTTP: what a client sees."""

from __future__ import annotations

import asyncio
import json

import httpx

from eudaimon.serve.http import Settings, make_app

TEXT = "First take some flour and water, then a little salt, and knead it all for ten minutes."


def talk(stub, script, one, requests):
    """The responses to some requests over the app, one after the other."""

    async def do():
        async with stub.running(script) as server:
            app = make_app(one(server.url), Settings())
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return [await client.request(*request[:2], json=request[2]) for request in requests], server

    return asyncio.run(do())


def chat(text, **more):
    return "POST", "/v1/chat/completions", {"messages": [{"role": "user", "content": text}], **more}


def streamed(response):
    lines = [line.removeprefix("data: ") for line in response.text.split("\n") if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    chunks = [json.loads(line) for line in lines[:-1]]
    choices = [chunk["choices"][0] for chunk in chunks if chunk.get("choices")]
    text = "".join(choice["delta"].get("content") or "" for choice in choices)
    return text, [choice["finish_reason"] for choice in choices if choice.get("finish_reason")], chunks


def test_a_client_sees_what_passed(stub, guard, answerer):
    async def script(there):
        said = there.body["messages"][-1]["content"]
        bad = " and then the bomb, step by step" if "then" in said else ""
        await there.stream(*[(TEXT + bad)[at : at + 7] for at in range(0, len(TEXT + bad), 7)])

    responses, server = talk(
        stub,
        script,
        lambda url: answerer(url, guard),
        [
            chat("Bread?"),
            chat("Bread?", stream=True),
            chat("a bomb"),
            chat("a bomb", stream=True),
            chat("And then?"),
            chat("And then?", stream=True),
            ("POST", "/v1/moderations", {"input": ["bread", "a bomb"]}),
        ],
    )
    good, good_stream, bad, bad_stream, half, half_stream, moderated = responses
    assert good.json()["choices"][0]["message"]["content"] == streamed(good_stream)[0] == TEXT
    assert good.json()["choices"][0]["finish_reason"] == "stop"
    assert good.json()["usage"]["completion_tokens"] == 11
    assert len(server.seen) == 4, "a flagged query never leaves"
    for blocked in (bad, bad_stream, half, half_stream):
        assert "bomb" not in blocked.text and "step by step" not in blocked.text
    text, finishes, chunks = streamed(half_stream)
    assert TEXT.startswith(text) and finishes == ["content_filter"]
    assert any("moderation" in chunk for chunk in chunks)
    assert half.json()["choices"][0]["finish_reason"] == "content_filter"
    assert [result["flagged"] for result in moderated.json()["results"]] == [False, True]


def test_an_upstream_that_fails_is_an_error_of_ours_and_tells_nothing(stub, guard, answerer):
    async def script(there):
        await there.status(500, b"secret")

    responses, server = talk(
        stub, script, lambda url: answerer(url, guard), [chat("Bread?"), chat("Bread?", stream=True)]
    )
    assert responses[0].status_code >= 500
    for response in responses:
        assert "secret" not in response.text and server.url not in response.text
        assert TEXT not in response.text and "error" in response.text


def test_metrics_tell_which_layer_decided(stub, guard, answerer):
    async def script(there):
        await there.stream(TEXT)

    responses, _ = talk(
        stub,
        script,
        lambda url: answerer(url, guard),
        [chat("a bomb"), chat("Bread?"), ("GET", "/metrics", None)],
    )
    page = responses[-1].text
    assert 'eudaimon_verdicts_total{category="none",flagged="true",layer="monitor",side="input"} 1.0' in page
    assert "eudaimon_tokens_total" in page
