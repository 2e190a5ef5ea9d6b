"""The log-probabilities of tokens, for requests that ask for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eudaimon.serve.local.release import Likelihood

if TYPE_CHECKING:
    from torch import Tensor


def likelihood(tokenizer: Any, logits: Tensor, token: int, top: int) -> Likelihood:
    """The natural log-probability of a token before temperature, and the ``top`` likeliest at its place."""
    shares = logits.double().cpu().log_softmax(dim=-1)
    likely = shares.topk(min(top, len(shares)))
    others = tuple(
        (tokenizer.decode([int(other)]), float(value))
        for other, value in zip(likely.indices, likely.values, strict=True)
    )
    return tokenizer.decode([token]), float(shares[token]), others
