"""Every response against the types of OpenAI's own client, strictly: nothing missing, no other type."""

from __future__ import annotations

import json
import time

import pytest
from openai.types import Completion, Model, ModerationCreateResponse
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.moderation import Moderation
from pydantic import ValidationError

from eudaimon.serve.http import Settings

CHAT, TEXT = "/v1/chat/completions", "/v1/completions"
WORDS = ("one two", "a bomb", "one evil two", "check-fails", "drifts")
MORE = ({}, {"logprobs": True, "top_logprobs": 2}, {"moderation": {"model": "any"}})
USAGE = {"stream": True, "stream_options": {"include_usage": True}}


def strictly(kind, value: dict):
    return kind.model_validate_json(json.dumps(value), strict=True)


def chunks(response) -> list[dict]:
    events = [line[6:] for line in response.text.split("\n") if line.startswith("data: ")]
    assert events.pop() == "[DONE]"
    return [json.loads(event) for event in events]


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("more", MORE, ids=lambda more: ",".join(more))
def test_chats(client, words, more):
    http, asked = client(), {"messages": [{"role": "user", "content": words}], **more}
    strictly(ChatCompletion, http.post(CHAT, json=asked).json())
    for options in ({"stream": True}, USAGE):
        found = chunks(http.post(CHAT, json=asked | options))
        for each in found:
            strictly(ChatCompletionChunk, each)
        if options is USAGE:
            assert all(each["usage"] is None for each in found[:-1]) and found[-1]["usage"]["prompt_tokens"]
            assert found[-1]["choices"] == []
        else:
            assert not any("usage" in each for each in found)


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("more", [{}, {"logprobs": 2}, {"moderation": {"model": "any"}}], ids=str)
def test_completions(client, words, more):
    http, asked = client(), {"prompt": words, **more}
    strictly(Completion, http.post(TEXT, json=asked).json())
    found = chunks(http.post(TEXT, json=asked | USAGE))
    for each in found:
        for choice in each["choices"]:
            # Null before the end, as in every server's stream; the client's type leaves that out.
            choice["finish_reason"] = choice["finish_reason"] or "stop"
        strictly(Completion, each)
    assert all(each["usage"] is None for each in found[:-1]) and found[-1]["usage"]


def test_models_and_moderations(client):
    http, before = client(Settings(measured={"input": {"auroc": 0.9}})), int(time.time())
    (model,) = http.get("/v1/models").json()["data"]
    assert abs(strictly(Model, model).created - before) < 100
    assert model["guard"]["measured"] == {"input": {"auroc": 0.9}}
    answer = http.post("/v1/moderations", json={"input": ["a bomb", "fine"]}).json()
    with pytest.raises(ValidationError) as told:
        strictly(ModerationCreateResponse, answer)
    # Categories are those of the guard: none of OpenAI's was looked for, or is claimed to have been.
    assert {error["loc"][2] for error in told.value.errors()} == {
        "categories", "category_scores", "category_applied_input_types",
    }  # fmt: skip
    assert {error["type"] for error in told.value.errors()} == {"missing"}
    assert set(Moderation.model_fields) <= set(answer["results"][0])


def test_a_part_of_a_character_has_no_bytes():
    from eudaimon.serve.http.replying import logprob

    assert logprob("é", -1.0, [("\ufffd", -2.0)]) == {
        "token": "é", "logprob": -1.0, "bytes": [195, 169],
        "top_logprobs": [{"token": "\ufffd", "logprob": -2.0, "bytes": None}],
    }  # fmt: skip


def test_what_can_be_got_can_be_asked_for_without_its_body(served):
    import httpx

    url, _, _ = served()
    with httpx.Client(base_url=url, timeout=180) as http:
        for path in ("/healthz", "/readyz", "/v1/models", "/v1/models/pretended", "/openapi.json"):
            got, head = http.get(path), http.head(path)
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["content-length"] == got.headers["content-length"]
        assert http.head("/nowhere").status_code == 404
        refused = http.head(CHAT)
        assert refused.status_code == 405 and refused.headers["allow"] == "POST"
        for method, path, allow in (("OPTIONS", CHAT, "POST"), ("PUT", "/v1/models", "GET")):
            other = http.request(method, path)
            assert (other.status_code, other.headers["allow"]) == (405, allow)
            assert other.json()["error"]["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"X-Request-Id": "req-1"}, "req-1"),
        ({"X-Client-Request-Id": "mine:2", "X-Request-Id": "req-1"}, "mine:2"),
        ({"X-Request-Id": "words of a text"}, None),
        ({"X-Request-Id": "a" * 129}, None),
        ({"X-Request-Id": '"}{"'}, None),
        ({}, None),
    ],
)
def test_what_a_client_calls_its_request_is_logged_and_comes_back(client, logged, sent, told):
    http = client()
    answer = http.post(CHAT, json={"messages": [{"role": "user", "content": "fine"}]}, headers=sent)
    assert answer.headers.get("x-client-request-id") == told
    (line,) = logged("request")
    assert line.get("client_id") == told and line["id"] == answer.headers["x-request-id"] != told


def test_openais_client_for_browsers_is_let_in_where_its_origin_is(client):
    http = client(Settings(cors=("https://a.example",), tokens=("t",)))
    wants = {"Access-Control-Request-Method": "POST",
             "Access-Control-Request-Headers": "authorization,content-type,x-stainless-lang"}  # fmt: skip
    allowed = http.options(CHAT, headers={"Origin": "https://a.example", **wants})
    assert (
        allowed.status_code == 200 and "x-stainless-lang" in allowed.headers["access-control-allow-headers"]
    )
    assert http.options(CHAT, headers={"Origin": "https://b.example", **wants}).status_code == 400
    answer = http.get("/healthz", headers={"Origin": "https://a.example"})
    assert "x-request-id" in answer.headers["access-control-expose-headers"]
