"""Exactly the assistant's tokens carry loss."""

from __future__ import annotations

import pytest
from transformers import AutoTokenizer

from eudaimon.core import BadRows, TextTooLong, UsageError
from eudaimon.train.nursery.chats import read_chats

CHATS = [
    {
        "messages": [
            {"role": "user", "content": "w1 w2"},
            {"role": "assistant", "content": "w3 w4 w5"},
            {"role": "user", "content": "w6"},
            {"role": "assistant", "content": "w7"},
        ]
    },
    {"messages": [{"role": "user", "content": "w8"}, {"role": "assistant", "content": "w9 w1"}]},
]


def learned(rows, tokenizer):
    return [tokenizer.decode(ids[mask]) for ids, mask in zip(rows.ids, rows.learned, strict=True)]


def test_without_marks_it_is_what_follows_the_prompt(words):
    rows = read_chats(CHATS, words, 99)
    assert words.decode(rows.ids[1]) == "<user> w8 <assistant> w9 w1 <eos>"
    assert learned(rows, words) == ["w3 w4 w5 <eos> w7 <eos>", "w9 w1 <eos>"]


def test_with_marks_it_is_what_is_marked(words):
    import copy

    marked = copy.deepcopy(words)
    marked.chat_template = (
        "{% for message in messages %}{% if message['role'] == 'assistant' %}<assistant> {% generation %}"
        "{{ message['content'] }}{% endgeneration %}{% else %}<user> {{ message['content'] }}{% endif %} "
        "{% endfor %}"
    )
    assert learned(read_chats(CHATS, marked, 99), marked) == ["w3 w4 w5 w7", "w9 w1"]


@pytest.mark.parametrize("family", ["llama", "qwen2", "gemma"])
def test_on_byte_level_and_sentencepiece_templates(tiny, family):
    tokenizer = AutoTokenizer.from_pretrained(tiny(family))
    chat = {
        "messages": [
            {"role": "user", "content": "How do I bake bread?"},
            {"role": "assistant", "content": "Mix flour and water."},
        ]
    }
    (text,) = learned(read_chats([chat], tokenizer, 999), tokenizer)
    whole = tokenizer.apply_chat_template(chat["messages"], tokenize=False)
    after = whole.split("Mix flour and water.")[1].strip()
    assert text.strip().removesuffix(after).strip() == "Mix flour and water."


def test_a_batch_is_padded_on_the_right_without_loss(words):
    rows = read_chats(CHATS, words, 99)
    batch = rows.batch([0, 1])
    n = len(rows.ids[1])
    assert (batch["input_ids"][1, n:] == words.pad_token_id).all() and (batch["labels"][1, n:] == -100).all()
    assert (batch["labels"][1] != -100).sum() == 3 == rows.learned[1].sum()


def test_what_would_teach_nothing_is_refused(words):
    user = {"role": "user", "content": "w1"}
    with pytest.raises(UsageError, match="no chats"):
        read_chats([], words, 99)
    with pytest.raises(BadRows, match="chat 1 has no assistant"):
        read_chats([CHATS[0], {"messages": [user]}], words, 99)
    with pytest.raises(BadRows, match="chat 0 has no assistant"):
        read_chats([{"messages": [user, {"role": "assistant", "content": " "}]}], words, 99)
    with pytest.raises(BadRows, match="chat 0 has no messages"):
        read_chats([{"text": "w1"}], words, 99)
    with pytest.raises(BadRows, match="without role or content"):
        read_chats([{"messages": [{"role": "user"}]}], words, 99)
    with pytest.raises(TextTooLong, match="chat 0 has 13 tokens, the limit is 10"):
        read_chats(CHATS, words, 10)


def test_templates_that_cannot_be_read_are_refused(words):
    import copy

    odd = copy.deepcopy(words)
    odd.chat_template = "{{ messages | length }} {% for m in messages %}{{ m['content'] }} {% endfor %}"
    with pytest.raises(UsageError, match=r"otherwise than its prompt.*\{% generation %\}"):
        read_chats(CHATS, odd, 99)
    odd.chat_template = None
    with pytest.raises(UsageError, match="no chat template"):
        read_chats(CHATS, odd, 99)
    odd.chat_template = "{{ raise_exception('no users here') }}"
    with pytest.raises(UsageError, match="no users here"):
        read_chats(CHATS, odd, 99)
