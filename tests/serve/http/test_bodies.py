"""Bodies of every kind: refused in OpenAI's shape without an echo, or read as they were meant."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eudaimon.serve.http import Limits, Settings

MARK = "qzxmarkqzx"
ROUTES = (
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/moderations",
    "/beta/litellm_basic_guardrail_api",
)
TURN = {"role": "user", "content": "fine"}
GOOD = {
    "/v1/chat/completions": {"messages": [TURN]},
    "/v1/completions": {"prompt": "fine"},
    "/v1/moderations": {"input": "fine"},
    "/beta/litellm_basic_guardrail_api": {"input_type": "request", "texts": ["fine"]},
}
FIELDS = (
    "model", "messages", "prompt", "input", "texts", "input_type", "structured_messages", "tools", "role",
    "content", "type", "text", "max_tokens", "temperature", "top_p", "stop", "seed", "stream", "logprobs",
    "top_logprobs", "moderation", "policy", "mode", "stream_options", "n", "side", "images", "tool_calls",
)  # fmt: skip
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text()
    | st.sampled_from([MARK, "user", "text", "block", "request", "fine", 1e308, -1, 10**30])
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS), inner),
    max_leaves=12,
)
QUICK = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def http():
    from fastapi.testclient import TestClient
    from pretended import Pretended

    from eudaimon.serve.http import make_app

    limits = Limits(body_bytes=50_000, request_seconds=120)
    with TestClient(make_app(Pretended(), Settings(limits=limits)), raise_server_exceptions=False) as client:
        yield client


def send(http, route, body: bytes):
    return http.post(route, content=body, headers={"Content-Type": "application/json"})


def refused(response, *statuses):
    assert response.status_code in statuses, response.text
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"} and error["message"]
    return error


@QUICK
@given(route=st.sampled_from(ROUTES), changed=st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=3))
def test_no_body_breaks_the_server(http, route, changed):
    body = json.dumps(GOOD[route] | changed).encode()
    response = send(http, route, body)
    if response.status_code != 200:
        error = refused(response, 400, 404)
        assert MARK not in json.dumps(error)
    elif route == "/v1/chat/completions" and "stream" not in changed:
        assert response.json()["choices"]


@QUICK
@given(route=st.sampled_from(ROUTES), body=st.binary(max_size=200))
def test_noise_is_no_request(http, route, body):
    refused(send(http, route, body), 400)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 20_000,
        b'{"messages":' * 4_000,
        b'{"seed": ' + b"9" * 20_000 + b"}",
        b'{"prompt": "\\ud800", "input": "\\udfff"}',
        b'{"messages": [{"role": "user", "content": "\\ud83d"}], "texts": ["\\ud83d"]}',
        b'{"temperature": NaN}',
        b'{"input": "\xff\xfe"}',
        b"null",
        b"",
        b'"' + MARK.encode() + b'"',
    ],
    ids=lambda body: str(body[:20]),
)
def test_what_is_not_json_or_no_text(http, route, body):
    assert MARK not in json.dumps(refused(send(http, route, body), 400))


def test_a_pair_of_surrogates_is_a_sign(http):
    body = b'{"messages": [{"role": "user", "content": "\\ud83d\\ude00"}]}'
    assert send(http, ROUTES[0], body).json()["choices"][0]["message"]["content"] == "\U0001f600 "


@pytest.mark.parametrize(
    ("route", "change", "param"),
    [
        (0, {"messages": [TURN, {"role": MARK, "content": "x"}]}, "messages[1].role"),
        (0, {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": MARK}}]}]},
         "messages[0].content[0].type"),
        (0, {"messages": [{"role": "user", "content": [{"type": "input_audio", MARK: 1}]}]},
         "messages[0].content[0].type"),
        (0, {"messages": [{"role": "assistant", "content": None, "tool_calls": [{"id": MARK}]}]},
         "messages[0].tool_calls"),
        (0, {"moderation": {"model": "m", "policy": {"input": {"mode": MARK}}}},
         "moderation.policy.input.mode"),
        (0, {"n": True}, "n"),
        (0, {"max_tokens": "5"}, "max_tokens"),
        (0, {"max_tokens": True}, "max_tokens"),
        (0, {"seed": 10**30}, "seed"),
        (1, {"prompt": [1, 2, 3]}, "prompt[0]"),
        (1, {"prompt": ["a", "b"]}, "prompt"),
        (1, {"echo": True}, "echo"),
        (1, {"suffix": MARK}, "suffix"),
        (2, {"input": []}, "input"),
        (2, {"input": [[]]}, "input"),
        (2, {"input": [{"type": "image_url", "image_url": {"url": MARK}}]}, "input[0].type"),
        (2, {"side": MARK}, "side"),
    ],
    ids=str,
)  # fmt: skip
def test_the_error_names_the_field_and_repeats_nothing(http, route, change, param):
    error = refused(send(http, ROUTES[route], json.dumps(GOOD[ROUTES[route]] | change).encode()), 400)
    assert error["param"] == param and MARK not in json.dumps(error)


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
@pytest.mark.parametrize("route", ROUTES)
def test_only_json_is_read(http, route, kind):
    """A page of another origin can send the others without asking the browser first."""
    headers = {} if kind is None else {"Content-Type": kind}
    body = json.dumps(GOOD[route]).encode()
    refused(http.post(route, content=body, headers=headers), 415)
    good = http.post(route, content=body, headers={"Content-Type": "Application/JSON; charset=utf-8"})
    assert good.status_code == 200


def test_limits_of_size(http, client):
    refused(send(http, ROUTES[0], b'{"x": "' + b"a" * 50_000 + b'"}'), 413)

    def chunks():
        for _ in range(60):
            yield b" " * 1_000

    refused(http.post(ROUTES[0], content=chunks(), headers={"Content-Type": "application/json"}), 413)
    small = client(
        Settings(limits=Limits(turns=2, characters=10, texts=2, new_tokens=5, default_new_tokens=9))
    )
    for route, body in (
        (0, {"messages": [TURN] * 3}),
        (0, {"messages": [{"role": "user", "content": "x" * 6}] * 2}),
        (0, {"messages": [TURN], "max_completion_tokens": 6}),
        (1, {"prompt": "x" * 11}),
        (2, {"input": ["x"] * 3}),
        (2, {"input": ["x" * 6, "x" * 6]}),
        (2, {"input": [[TURN] * 3]}),
    ):
        refused(small.post(ROUTES[route], json=body), 400)
    assert small.answerer.asked == [] and small.answerer.moderated == []
    assert small.post(ROUTES[0], json={"messages": [TURN]}).status_code == 200
    assert small.answerer.asked[0].max_new_tokens == 5


def test_no_address_in_a_request_is_fetched(http, monkeypatch):
    """Whatever addresses a body holds, no connection is made."""
    import socket

    def never(*given, **more):
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket.socket, "connect", never)
    monkeypatch.setattr(socket.socket, "connect_ex", never)
    url = "http://169.254.169.254/latest"
    parts = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": url}]
    for route, body in (
        (0, {"messages": [{"role": "user", "content": parts}]}),
        (0, {"messages": [{"role": "user", "content": url}]}),
        (2, {"input": parts}),
        (3, {"input_type": "request", "texts": [url], "images": [url]}),
    ):
        assert send(http, ROUTES[route], json.dumps(body).encode()).status_code in (200, 400)
