"""Chats as rows of tokens in which the assistant's own tokens, and nothing else, are learned."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Bool, Int

from eudaimon.core import BadRows, TextTooLong, UsageError
from eudaimon.train.nursery.order import Batch
from eudaimon.train.tokens.mask import token_masks
from eudaimon.train.tokens.pack import IGNORED

Message = Mapping[str, str]

REMEMBERED = 4096
"""Chats whose rendering is kept: an attack reads the same ones again at every rate and every checkpoint."""
MARKED = re.compile(r"\{%-?\s*generation\s*-?%\}")


@dataclass(frozen=True)
class ChatRows:
    """Chats as token ids, each with which of its tokens are learned; made by `read_chats`."""

    ids: tuple[Int[np.ndarray, "n"], ...]
    learned: tuple[Bool[np.ndarray, "n"], ...]
    pad: int

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def longest(self) -> int:
        """The tokens of the longest chat."""
        return max(map(len, self.ids))

    def labels(self, row: int) -> Int[np.ndarray, "n"]:
        """The ids of one chat with -100 where nothing is learned."""
        return np.where(self.learned[row], self.ids[row], IGNORED)

    def batch(self, rows: Int[np.ndarray, "n"], *, masked: bool = True) -> Batch:
        """``input_ids`` and ``labels`` of these chats, padded on the right; ``masked`` false: all tokens."""
        import torch

        shape = (len(rows), max(len(self.ids[row]) for row in rows))
        ids, labels = np.full(shape, self.pad, np.int64), np.full(shape, IGNORED, np.int64)
        for index, row in enumerate(rows):
            n = len(self.ids[row])
            ids[index, :n] = self.ids[row]
            labels[index, :n] = self.labels(row) if masked else self.ids[row]
        return {"input_ids": torch.from_numpy(ids), "labels": torch.from_numpy(labels)}


def read_chats(chats: Sequence[Mapping[str, Any]], tokenizer: Any, max_tokens: int) -> ChatRows:
    """The chats ``{"messages": [{"role", "content"}, ...]}`` in the tokenizer's chat template.

    Learned are the characters that the template marks as generated (``{% generation %}``), or, where it marks
    none, what it writes for an assistant's turn behind the prompt that asks for it, line end excluded. Raises
    `UsageError` without chats or without a template, and for a template that shows no assistant's turn as it
    stands; `BadRows` with the number (from 0) of a chat without messages or without an assistant's turn;
    `TextTooLong` for one of more than ``max_tokens``: cut off, it might teach nothing.
    """
    if not chats:
        raise UsageError("there are no chats to train on", right='rows {"messages": [...]}, at least one')
    if not tokenizer.chat_template:
        raise UsageError("the tokenizer has no chat template", right="a checkpoint with one, or set one")
    texts, spans = [], []
    for number, chat in enumerate(chats):
        messages = _messages(chat, number)
        text, found = _rendered(messages, tokenizer)
        if not any(start < end for start, end in found):
            raise BadRows(f"chat {number}: the chat template shows no word of the assistant")
        texts.append(text)
        spans.append(found)
    encoded = tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True)
    ids = tuple(np.asarray(row, np.int64) for row in encoded["input_ids"])
    for number, row in enumerate(ids):
        if len(row) > max_tokens:
            raise TextTooLong(
                f"chat {number} has {len(row)} tokens, the limit is {max_tokens}", do="a larger max_tokens"
            )
    learned = tuple(token_masks(texts, spans, encoded["offset_mapping"]))
    # A first token is predicted from nothing: a chat that is only that would add zero divided by zero.
    for number, row in enumerate(learned):
        if not row[1:].any():
            raise BadRows(f"chat {number}: no token of the assistant is learned")
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    return ChatRows(ids, learned, pad or 0)


def _messages(chat: Mapping[str, Any], number: int) -> list[dict[str, str]]:
    messages = chat.get("messages")
    if not isinstance(messages, Sequence) or not messages:
        raise BadRows(f"chat {number} has no messages", right='{"messages": [{"role": ..., "content": ...}]}')
    for message in messages:
        if not {"role", "content"} <= set(message):
            raise BadRows(f"chat {number} has a message without role or content")
    if not any(message["role"] == "assistant" and message["content"].strip() for message in messages):
        raise BadRows(f"chat {number} has no assistant's turn: nothing in it would be learned")
    return [{"role": message["role"], "content": message["content"]} for message in messages]


def _rendered(messages: list[dict[str, str]], tokenizer: Any) -> tuple[str, list[tuple[int, int]]]:
    """The chat as the model reads it, and the character spans that the assistant wrote."""
    from jinja2.exceptions import TemplateError

    try:
        if MARKED.search(tokenizer.get_chat_template()):
            return _marked(messages, tokenizer)
        return _by_prompts(messages, tokenizer)
    except TemplateError as error:
        raise UsageError(
            f"the chat template refuses a chat: {error}", right="turns in the order that it knows"
        ) from error


def _marked(messages: list[dict[str, str]], tokenizer: Any) -> tuple[str, list[tuple[int, int]]]:
    special = json.dumps(tokenizer.special_tokens_map, sort_keys=True, default=str)
    said = tuple((message["role"], message["content"]) for message in messages)
    text, spans = _rendered_once(tokenizer.get_chat_template(), special, said)
    return text, list(spans)


@lru_cache(maxsize=REMEMBERED)
def _rendered_once(
    template: str, special: str, said: tuple[tuple[str, str], ...]
) -> tuple[str, tuple[tuple[int, int], ...]]:
    from transformers.utils.chat_template_utils import render_jinja_template

    texts, spans = render_jinja_template(
        [[{"role": role, "content": content} for role, content in said]],
        chat_template=template,
        return_assistant_tokens_mask=True,
        **json.loads(special),
    )
    return texts[0], tuple((start, end) for start, end in spans[0])


def _by_prompts(messages: list[dict[str, str]], tokenizer: Any) -> tuple[str, list[tuple[int, int]]]:
    def render(upto: int, *, prompt: bool = False) -> str:
        text: str = tokenizer.apply_chat_template(
            messages[:upto], tokenize=False, add_generation_prompt=prompt
        )
        return text

    whole, spans = render(len(messages)), []
    for index, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        before, after = render(index, prompt=True) if index else "", render(index + 1)
        if not (whole.startswith(before) and whole.startswith(after) and len(before) <= len(after)):
            raise UsageError(
                "the chat template writes an assistant's turn otherwise than its prompt begins it",
                right="a template that marks what is generated",
                do="{% generation %}...{% endgeneration %} around the assistant's content",
            )
        spans.append((len(before), len(after.rstrip())))
    return whole, spans
