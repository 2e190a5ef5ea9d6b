"""A judge in a folder on this machine: its probabilities of numbers are computed, not sampled."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from eudaimon.core.text import Message, Text
from eudaimon.evaluate.judging.asker import Told
from eudaimon.evaluate.judging.digits import Digits, digit_shares
from eudaimon.evaluate.judging.request import Request
from eudaimon.evaluate.judging.verdict import LEAST_MASS, Reply, number_shares, written_number

if TYPE_CHECKING:
    from eudaimon.models.model import Model

AT_ONCE = 16
"""Requests between two records of replies: what a killed run loses at most."""
VERDICT_TOKENS = 8
N_NUMBERS = 101


class LocalJudge:
    """A causal language model as judge, asked greedily; its name is that of its folder and fingerprint.

    Numbers have the probabilities of their tokens, or of their digits where a tokenizer has no others.
    """

    def __init__(self, model: Model) -> None:
        self.model = model

    @property
    def name(self) -> str:
        """The folder's name and the checkpoint's fingerprint."""
        checkpoint = self.model.checkpoint
        return f"{checkpoint.name.rstrip('/').split('/')[-1]}@{checkpoint.fingerprint}"

    def ask(self, requests: Sequence[Request], told: Told) -> None:
        """Put the requests in batches; raises `TextTooLong` for one that leaves no room in the context."""
        from eudaimon.models.generate import generate
        from eudaimon.models.prompts import prepare

        for start in range(0, len(requests), AT_ONCE):
            part = requests[start : start + AT_ONCE]
            asked = [self._messages(request) for request in part]
            written = generate(self.model, asked, max_new_tokens=VERDICT_TOKENS, show_progress=False)
            shares = self._shares(asked, part)
            for k, text in enumerate(written):
                n_tokens = len(prepare(self.model, [asked[k]])[0])
                reply = Reply(text.strip(), shares[k], self.name, n_tokens, VERDICT_TOKENS)
                if not told(start + k, _believable(reply)):
                    return

    def _messages(self, request: Request) -> Text:
        if not self.model.has_template:
            return f"{request.system}\n\n{request.user}\n\n"
        return (Message(role="system", content=request.system), Message(role="user", content=request.user))

    def _shares(self, asked: list[Text], requests: Sequence[Request]) -> list[dict[int, float] | None]:
        """The probabilities of numbers after each prompt; None for a choice between words."""
        from eudaimon.models.generate import next_token_logits
        from eudaimon.models.prompts import prepare

        rows = [k for k, request in enumerate(requests) if not request.choices]
        found: list[dict[int, float] | None] = [None] * len(asked)
        if not rows:
            return found
        if len(set(self._numbers.values())) == N_NUMBERS:
            logits = next_token_logits(self.model, [asked[row] for row in rows])
            for row, own in zip(rows, logits, strict=True):
                found[row] = self._of_tokens(own)
        elif self._digits is not None:
            for row, prompt in zip(rows, prepare(self.model, [asked[row] for row in rows]), strict=True):
                found[row] = digit_shares(self.model, prompt.ids, self._digits)
        return found

    def _of_tokens(self, logits: np.ndarray) -> dict[int, float]:
        row = logits.astype(np.float64)
        logprobs = row - (row.max() + np.log(np.exp(row - row.max()).sum()))
        return number_shares((text, float(logprobs[token])) for token, text in self._numbers.items())

    @cached_property
    def _texts(self) -> list[str]:
        tokenizer: Any = self.model.tokenizer
        return [tokenizer.decode([token]) for token in range(len(tokenizer))]

    @cached_property
    def _numbers(self) -> dict[int, str]:
        """The tokens that are a number from 0 to 100, and which."""
        return {token: text.strip() for token, text in enumerate(self._texts) if number_shares([(text, 0.0)])}

    @cached_property
    def _digits(self) -> Digits | None:
        return Digits.of(self._texts)


def _believable(reply: Reply) -> Reply:
    """The reply, without probabilities when it writes a number that they do not expect.

    Some tokenizers begin a number with a token of its own, a space: then the numbers after it were not seen.
    """
    mass = sum((reply.numbers or {}).values())
    if reply.numbers is None or mass >= LEAST_MASS or written_number(reply.text) is None:
        return reply
    return Reply(reply.text, None, reply.model, reply.input_tokens, reply.output_tokens)
