"""A judge in a folder on this machine: its probabilities of numbers are computed, not sampled."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from eudaimon.core.text import Message, Text
from eudaimon.evaluate.judging.asker import Told
from eudaimon.evaluate.judging.request import Request
from eudaimon.evaluate.judging.verdict import Reply, number_shares

if TYPE_CHECKING:
    from eudaimon.models.model import Model

AT_ONCE = 16
"""Requests between two records of replies: what a killed run loses at most."""
VERDICT_TOKENS = 8


class LocalJudge:
    """A causal language model as judge, asked greedily; its name is that of its folder and fingerprint."""

    def __init__(self, model: Model) -> None:
        self.model = model

    @property
    def name(self) -> str:
        """The folder's name and the checkpoint's fingerprint."""
        checkpoint = self.model.checkpoint
        return f"{checkpoint.name.rstrip('/').split('/')[-1]}@{checkpoint.fingerprint}"

    def ask(self, requests: Sequence[Request], told: Told) -> None:
        """Put the requests in batches; raises `TextTooLong` for one that leaves no room in the context."""
        from eudaimon.models.generate import generate, next_token_logits

        for start in range(0, len(requests), AT_ONCE):
            part = requests[start : start + AT_ONCE]
            asked = [self._messages(request) for request in part]
            written = generate(self.model, asked, max_new_tokens=VERDICT_TOKENS, show_progress=False)
            logits = None
            if self._numbers is not None and any(not request.choices for request in part):
                logits = next_token_logits(self.model, asked)
            for k, request in enumerate(part):
                shares = None if logits is None or request.choices else self._shares(logits[k])
                reply = Reply(written[k].strip(), shares, self.name, self._length(asked[k]), VERDICT_TOKENS)
                if not told(start + k, reply):
                    return

    def _messages(self, request: Request) -> Text:
        if not self.model.has_template:
            return f"{request.system}\n\n{request.user}\n\n"
        return (Message(role="system", content=request.system), Message(role="user", content=request.user))

    def _length(self, text: Text) -> int:
        from eudaimon.models.prompts import prepare

        return len(prepare(self.model, [text])[0])

    @cached_property
    def _numbers(self) -> tuple[Any, list[str]] | None:
        """The tokens that are numbers, and what they say; None where numbers are split into digits."""
        tokenizer: Any = self.model.tokenizer
        texts = [tokenizer.decode([token]) for token in range(len(tokenizer))]
        found = {token: text for token, text in enumerate(texts) if number_shares([(text, 0.0)])}
        if len({text.strip() for text in found.values()}) < 101:
            return None
        return np.array([*found]), [*found.values()]

    def _shares(self, logits: np.ndarray) -> dict[int, float]:
        assert self._numbers is not None
        ids, texts = self._numbers
        row = logits.astype(np.float64)
        logprobs = row - (row.max() + np.log(np.exp(row - row.max()).sum()))
        return number_shares(zip(texts, logprobs[ids].tolist(), strict=True))
