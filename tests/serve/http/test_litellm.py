"""LiteLLM's generic guardrail: requests as its proxy sends them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pretended import SECRET

from eudaimon.serve.http import Limits, Settings

PATH = "/beta/litellm_basic_guardrail_api"
RECORDED = json.loads(Path(__file__).with_name("litellm_requests.json").read_text(encoding="utf-8"))


def ask(client, body):
    response = client.post(PATH, json=body)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_requests(client, name):
    recorded = RECORDED[name]
    http = client()
    found = ask(http, recorded["body"])
    assert found["action"] == recorded["action"], found
    assert bool(found["blocked_reason"]) == (recorded["action"] == "BLOCKED")
    assert [
        str(text) if isinstance(text, str) else [t.content for t in text]
        for _, text in http.answerer.moderated
    ] == (recorded["read"])
    side = "input" if recorded["body"]["input_type"] == "request" else "output"
    assert {each for each, _ in http.answerer.moderated} <= {side}


def test_everything_that_is_text_is_read(client):
    """A dangerous word is found wherever it stands."""
    places = (
        {"texts": ["fine", "a bomb"]},
        {"structured_messages": [{"role": "user", "content": "a bomb"}, {"role": "user", "content": "fine"}]},
        {"structured_messages": [{"role": "user", "content": [{"type": "text", "text": "a bomb"}]}]},
        {"structured_messages": [{"role": "assistant", "content": None, "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"x": "a bomb"}'}}]}]},
        {"structured_messages": [{"role": "user", "content": [
            {"type": "tool_result", "content": [{"type": "text", "text": "a bomb"}]}]}]},
        {"tools": [{"type": "function", "function": {"name": "f", "description": "make a bomb"}}]},
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": {
            "properties": {"bomb": {"enum": ["x"]}}}}}]},
        {"tool_calls": [{"function": {"name": "f", "arguments": "bomb"}}]},
    )  # fmt: skip
    http = client()
    for body in places:
        for kind in ("request", "response"):
            found = ask(http, {"input_type": kind, "texts": ["fine"]} | body)
            assert found["action"] == "BLOCKED", body
            # LiteLLM tells its client this: it names no score.
            assert found["blocked_reason"] == "flagged by the critique as violence"
            assert any(each["flagged"] and each["layer"] == "critique" for each in found["decisions"])


@pytest.mark.parametrize(
    "body",
    [
        {"texts": ["fine"], "images": ["data:image/png;base64,AAAA"]},
        {"texts": ["fine"], "structured_messages": [{"role": "user", "content": [
            {"type": "text", "text": "fine"}, {"type": "image_url", "image_url": {"url": "http://x"}}]}]},
        {"texts": ["fine"], "structured_messages": [{"role": "user", "content": {"text": "fine"}}]},
        {"texts": ["fine"], "structured_messages": [{"role": "user", "content": "x", "audio": {"id": "a"}}]},
        {"texts": ["fine"], "structured_messages": [{"role": SECRET, "content": "x"}]},
        {"texts": ["fine"], "structured_messages": [{"role": ["user"], "content": "x"}]},
        {"texts": ["fine"], "structured_messages": [{"role": "user", "content": "x", "tool_calls": "all"}]},
        {"texts": []},
        {"texts": None},
        {},
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("fails_open", [False, True])
def test_what_cannot_be_read_is_blocked(client, body, fails_open):
    http = client(fails_open=fails_open)
    found = ask(http, {"input_type": "request"} | body)
    assert found["action"] == "BLOCKED" and "what cannot be read is not passed" in found["blocked_reason"]
    assert SECRET not in json.dumps(found) and http.answerer.moderated == []


@pytest.mark.parametrize("text", ["raise", "nan", "broken", "hang"])
def test_a_failing_check_blocks_with_200(client, text):
    """LiteLLM can be told to pass what answers 5xx: a failure of ours must not depend on that."""
    http = client(Settings(limits=Limits(request_seconds=1.5)))
    found = ask(http, {"input_type": "request", "texts": [text]})
    assert found["action"] == "BLOCKED" and found["decisions"][0]["layer"] == "error"
    assert SECRET not in json.dumps(found)
    assert ask(http, {"input_type": "request", "texts": ["fine"]})["action"] == "NONE"


@pytest.mark.parametrize("text", ["raise", "nan", "hang"])
def test_failing_open_is_said(client, text):
    http = client(Settings(limits=Limits(request_seconds=1.5)), fails_open=True)
    found = ask(http, {"input_type": "request", "texts": [text]})
    assert found["action"] == "NONE" and found["fail_open"] is True
    assert found["decisions"][0]["layer"] == "error"


def test_the_end_of_a_growing_answer_is_kept_until_more_was_read(client):
    body = {"input_type": "response", "texts": ["fine", "fine too"]}
    assert ask(client(), body)["stream_holdback_chars"] == [160, 160]
    assert "stream_holdback_chars" not in ask(client(), body | {"input_type": "request"})
    assert "stream_holdback_chars" not in ask(client(), body | {"texts": ["a bomb"]})
    assert "stream_holdback_chars" not in ask(client(Settings(output="score")), body)


def test_a_policy_of_scores_blocks_nothing_and_tells(client):
    found = ask(client(Settings(input="score")), {"input_type": "request", "texts": ["a bomb"]})
    assert found["action"] == "NONE" and found["decisions"][0]["flagged"]


def test_refusals_that_litellm_takes_for_errors(client):
    http = client(Settings(limits=Limits(texts=2, characters=100)))
    assert http.post(PATH, json={"texts": ["x"]}).status_code == 400
    assert http.post(PATH, json={"input_type": "request", "texts": "x"}).status_code == 400
    assert http.post(PATH, json={"input_type": "request", "texts": ["a", "b", "c"]}).status_code == 400
    assert http.post(PATH, json={"input_type": "request", "texts": ["a" * 101]}).status_code == 400
    assert http.post(PATH, json={"input_type": "request", "texts": ["busy"]}).status_code == 429
