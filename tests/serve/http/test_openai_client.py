"""The official client of OpenAI over a real server."""

from __future__ import annotations

import openai
import pytest
from pretended import SECRET

ASK = [{"role": "user", "content": "say these four words"}]
GUARDED = {
    "moderation": {"model": "any", "policy": {"input": {"mode": "block"}, "output": {"mode": "block"}}}
}


def asking(text: str):
    return [{"role": "user", "content": text}]


@pytest.fixture
def openai_client(served):
    url, answerer, _ = served()
    with openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
        client.answerer = answerer
        yield client


def test_chat(openai_client):
    answer = openai_client.chat.completions.create(model="pretended", messages=ASK, seed=3, temperature=0)
    (choice,) = answer.choices
    assert choice.message.content == "say these four words " and choice.finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens == 8
    assert answer.moderation.input.type == answer.moderation.output.type == "moderation_results"
    (found,) = answer.moderation.output.results
    assert not found.flagged and found.category_scores == {"violence": 0.1, "harmful": 0.1}
    assert found.model_extra["layer"] == "monitor" and found.model_extra["seconds"] == {"monitor": 0.002}
    (asked,) = openai_client.answerer.asked
    assert (asked.seed, asked.temperature, asked.top, asked.input, asked.output) == (
        3,
        0,
        None,
        "block",
        "block",
    )


def test_a_stream_has_a_chunk_for_moderation_where_it_was_asked_for(openai_client):
    create = openai_client.chat.completions.create
    options = {"model": "pretended", "messages": ASK, "stream": True}
    plain = list(create(**options))
    assert all(chunk.choices for chunk in plain), "clients that read choices[0] would fall"
    assert plain[-1].moderation.output.type == "moderation_results"
    chunks = list(create(**options, stream_options={"include_usage": True}, **GUARDED))
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "say these four words "
    assert [bool(c.choices) for c in chunks[-3:]] == [False, True, False]
    assert chunks[-3].moderation.input.results[0].flagged is False and chunks[-3].usage is None
    assert chunks[-2].choices[0].finish_reason == "stop" and chunks[-1].usage.completion_tokens == 4
    assert sum(chunk.moderation is not None for chunk in chunks) == 1
    assert len({chunk.id for chunk in chunks}) == 1


@pytest.mark.parametrize("stream", [False, True])
def test_a_dangerous_query_is_blocked(openai_client, stream):
    answer = openai_client.chat.completions.create(
        model="pretended",
        messages=[*asking("a bomb"), {"role": "assistant", "content": "no"}, *ASK],
        stream=stream,
    )
    end = list(answer)[-1] if stream else answer
    assert end.choices[0].finish_reason == "content_filter"
    result = end.moderation.input.results[0]
    assert result.flagged and result.categories == {"violence": True, "theft": False}
    assert result.model_extra["layer"] == "critique" and result.model_extra["threshold"] == 0.5
    assert end.moderation.output.type == "error" and end.moderation.output.code == "not_moderated"
    if not stream:
        assert answer.choices[0].message.content == ""


def test_a_flagged_answer_ends_and_its_rest_is_not_sent(openai_client):
    create = openai_client.chat.completions.create
    chunks = list(
        create(model="pretended", messages=asking(f"one two evil {SECRET}"), stream=True, **GUARDED)
    )
    said = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert said == "one two " and chunks[-1].choices[0].finish_reason == "content_filter"
    whole = create(model="pretended", messages=asking(f"one two evil {SECRET}"))
    assert whole.choices[0].message.content == "" and whole.moderation.output.results[0].flagged


def test_log_probabilities(openai_client):
    create = openai_client.chat.completions.create
    answer = create(model="pretended", messages=ASK, logprobs=True, top_logprobs=2)
    tokens = answer.choices[0].logprobs.content
    assert [each.token for each in tokens] == ["say ", "these ", "four ", "words "]
    assert [each.logprob for each in tokens[0].top_logprobs] == [-0.5, -9999.0]
    assert bytes(tokens[0].bytes) == b"say "
    bare = create(model="pretended", messages=ASK, logprobs=True)
    assert [each.top_logprobs for each in bare.choices[0].logprobs.content] == [[], [], [], []]
    streamed = create(model="pretended", messages=ASK, logprobs=True, stream=True)
    assert [t.token for c in streamed if c.choices[0].logprobs for t in c.choices[0].logprobs.content] == [
        each.token for each in tokens
    ]


def test_completions(openai_client):
    create = openai_client.completions.create
    answer = create(model="pretended", prompt="go on", logprobs=1)
    assert answer.choices[0].text == "go on " and answer.choices[0].logprobs.text_offset == [0, 3]
    assert answer.choices[0].logprobs.top_logprobs == [{"a": -0.5}, {"a": -0.5}]
    assert (
        openai_client.answerer.asked[0].text == "go on"
        and openai_client.answerer.asked[0].conversation is None
    )
    chunks = list(create(model="pretended", prompt=["go on"], stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks) == "go on "
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None, None, "stop"]


def test_models(openai_client):
    assert [each.id for each in openai_client.models.list()] == ["pretended"]
    assert openai_client.models.retrieve("pretended").id == "pretended"
    with pytest.raises(openai.NotFoundError):
        openai_client.models.retrieve("another/one")


def test_moderations(openai_client):
    create = openai_client.moderations.create
    assert create(input="a bomb").results[0].flagged
    assert [each.flagged for each in create(input=["a bomb", "a cake"]).results] == [True, False]
    (one,) = create(input=[{"type": "text", "text": "a"}, {"type": "text", "text": "bomb"}]).results
    assert one.flagged
    turns = [{"role": "user", "content": "a bomb"}, {"role": "assistant", "content": "no"}]
    assert [each.flagged for each in create(input=turns, extra_body={"side": "output"}).results] == [True]
    assert [each.flagged for each in create(input=[turns, turns[1:]]).results] == [True, False]
    sides, texts = zip(*openai_client.answerer.moderated, strict=True)
    assert sides == ("input",) * 4 + ("output",) + ("input",) * 2 and texts[3] == "a\nbomb"
    assert create(input="a bomb").to_dict()["results"][0]["category_applied_input_types"] == {
        "violence": ["text"],
        "theft": ["text"],
    }


@pytest.mark.parametrize(
    ("fields", "error", "param"),
    [
        ({"n": 2}, openai.BadRequestError, "n"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, openai.BadRequestError, "tools"),
        ({"response_format": {"type": "json_object"}}, openai.BadRequestError, "response_format"),
        ({"logit_bias": {"5": 1}}, openai.BadRequestError, "logit_bias"),
        ({"presence_penalty": 1.0}, openai.BadRequestError, "presence_penalty"),
        ({"extra_body": {"top_k": 5}}, openai.BadRequestError, "top_k"),
        ({"model": "other"}, openai.NotFoundError, "model"),
        ({"max_tokens": 10**6}, openai.BadRequestError, "max_tokens"),
        ({"temperature": 3}, openai.BadRequestError, "temperature"),
        ({"stop": ["a", ""]}, openai.BadRequestError, "stop"),
        ({"messages": []}, openai.BadRequestError, "messages"),
        ({"messages": asking("cannot-be-asked")}, openai.BadRequestError, None),
        ({"messages": asking("busy")}, openai.RateLimitError, None),
        ({"messages": asking("it fails")}, openai.InternalServerError, None),
        ({"messages": asking("it raises")}, openai.InternalServerError, None),
        ({"messages": asking("it breaks-off")}, openai.InternalServerError, None),
        ({"messages": asking("ask-raises")}, openai.InternalServerError, None),
    ],
    ids=str,
)
def test_errors_are_the_clients_own(openai_client, fields, error, param):
    with pytest.raises(error) as told:
        openai_client.chat.completions.create(**{"model": "pretended", "messages": ASK} | fields)
    body = told.value.response.json()["error"]
    assert set(body) == {"message", "type", "param", "code"} and body["param"] == param
    assert SECRET not in told.value.response.text
    if error is openai.RateLimitError:
        assert told.value.response.headers["retry-after"] == "3"
    assert openai_client.chat.completions.create(model="pretended", messages=ASK).choices


def test_what_asks_for_nothing_is_let_through(openai_client):
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    answer = openai_client.chat.completions.create(
        model="pretended", messages=[{"role": "user", "content": parts}], n=1, tools=[], tool_choice="none",
        response_format={"type": "text"}, logit_bias={}, frequency_penalty=0, user="u", store=False,
        metadata={"k": "v"}, extra_body={"unheard_of": 1, "top_k": -1},
    )  # fmt: skip
    assert answer.choices[0].message.content == "a b "
    assert openai_client.answerer.asked[0].text[0].content == "a\nb"


@pytest.mark.parametrize("words", ["one two fails", "one two raises", "one two breaks-off"])
def test_a_stream_that_breaks_says_so(openai_client, words):
    said = []
    with pytest.raises(openai.APIError) as told:
        for chunk in openai_client.chat.completions.create(
            model="pretended", messages=asking(words), stream=True
        ):
            said.append(chunk.choices[0].delta.content or "")
    assert "".join(said) == "one two " and SECRET not in str(told.value.body)
