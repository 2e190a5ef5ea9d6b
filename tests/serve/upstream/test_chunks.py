"""A chunk is text with what belongs to it, or an error: nothing unread slips through."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.serve.outbound import NoAnswer
from eudaimon.serve.upstream.chunks import Chunk, read_chunk


def of(**choice):
    return json.dumps({"choices": [{"index": 0, **choice}]})


def test_chat_and_completions():
    assert read_chunk(of(delta={"content": "Hi"})) == Chunk("Hi")
    assert read_chunk(of(text="Hi", finish_reason="length")) == Chunk("Hi", finish="length")
    assert read_chunk(of(delta={"role": "assistant"})) == Chunk()
    assert read_chunk(of(delta={"refusal": "No."})) == Chunk("No.")
    assert read_chunk(of(delta={"content": None}, finish_reason="stop")).finish == "stop"
    counted = read_chunk('{"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 5}}')
    assert counted == Chunk(n_input=3, n_output=5)


def test_what_a_model_thinks_is_left_out():
    chunk = read_chunk(of(delta={"reasoning_content": "secret", "reasoning": "secret", "content": "Hi"}))
    assert chunk == Chunk("Hi")


def test_log_probabilities():
    content = [{"token": "Hi", "logprob": -0.5, "top_logprobs": [{"token": "Ho", "logprob": -1}]}]
    chunk = read_chunk(of(delta={"content": "Hi"}, logprobs={"content": content}))
    assert chunk.tokens == (("Hi", -0.5, (("Ho", -1.0),)),)
    with pytest.raises(NoAnswer):
        read_chunk(of(delta={"content": "Hi"}, logprobs={"content": [{"token": "Hi", "logprob": "NaN"}]}))


@pytest.mark.parametrize(
    "data",
    [
        "", "{", "[]", "null", "3", '"x"', '{"choices": 3}', '{"choices": [3]}', "[" * 100_000,
        of(delta={"content": 3}), of(delta={"content": ["a"]}), of(delta=3), of(text={"a": 1}),
        of(delta={"tool_calls": [{"function": {"arguments": "rm"}}]}), of(delta={"function_call": {"a": 1}}),
        of(delta={"audio": {"data": "x"}}),
        json.dumps({"choices": [{"index": 1, "delta": {"content": "x"}}]}),
        json.dumps({"choices": [{"delta": {}}, {"delta": {}}]}), '{"error": {"message": "x"}}',
        of(delta={"content": "a"}, logprobs={"content": [{}]}),
    ],
)  # fmt: skip
def test_anything_else_is_an_error(data):
    with pytest.raises(NoAnswer) as caught:
        read_chunk(data)
    assert "rm" not in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "delta", "content", "usage", "text", "index"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_garbage_is_a_chunk_or_an_error(value):
    try:
        chunk = read_chunk(json.dumps(value))
    except NoAnswer:
        return
    assert isinstance(chunk.text, str)
