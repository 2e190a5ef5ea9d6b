"""Where requests are made tokens, beside the thread of the model: with tokenizers that nobody else uses."""

from __future__ import annotations

import copy
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

from eudaimon.core import Text, TextTooLong, plain_text
from eudaimon.models.decoding import Decoding, answerable, generators
from eudaimon.models.model import Model
from eudaimon.models.prompts import Prompt
from eudaimon.serve.asked import Asked

if TYPE_CHECKING:
    import torch


class Desk:
    """Prompts of requests. ``reader`` is the same model with a tokenizer for another thread.

    Tokenizers refuse to be set up in one thread while another one uses them, so each thread has its own.
    """

    def __init__(self, model: Model) -> None:
        self._model = replace(model, tokenizer=copy.deepcopy(model.tokenizer))
        self.reader = replace(model, tokenizer=copy.deepcopy(model.tokenizer))
        self._longest = max(map(len, model.tokenizer.get_vocab()), default=1)
        self._lock = Lock()

    def prompt(self, asked: Asked) -> tuple[Prompt, Decoding, torch.Generator | None, int]:
        """The prompt of a request, how its tokens are drawn and by whom, and how many it may have.

        A last turn of the assistant is the beginning of the answer. Raises `UsageError` for settings that
        make no sense and turns that the template refuses, `TextTooLong` for what leaves no room.
        """
        how = Decoding(asked.temperature, asked.top_p, asked.max_new_tokens)
        model = self._model
        if len(plain_text(asked.text)) > model.max_tokens * self._longest:
            raise TextTooLong(
                f"{len(plain_text(asked.text)):,} characters leave no room in the context of "
                f"{model.max_tokens} tokens",
                right="a shorter prompt",
            )
        text, begun = _begun(asked.text)
        with self._lock:
            (prompt,) = answerable(model, [text], None, not isinstance(text, str), [begun])
        draw = generators([prompt], asked.seed)[0] if how.by_chance else None
        return prompt, how, draw, min(how.max_new_tokens, model.max_tokens - len(prompt))


def _begun(text: Text) -> tuple[Text, str]:
    """The turns to answer and the beginning of the answer."""
    if not isinstance(text, str) and len(text) > 1 and text[-1].role == "assistant":
        return text[:-1], text[-1].content
    return text, ""
