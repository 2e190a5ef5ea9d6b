"""The probabilities of the next token, from the log-probabilities in an output of any provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from eudaimon.evaluate.attack.ground import NotGiven

if TYPE_CHECKING:
    from inspect_ai.model import ModelOutput

LEAST_MASS = 0.99
"""What the told tokens must have together: the judge reads masses, not shares of what was told."""


def next_shares(output: ModelOutput, tokenizer: Any) -> Float[np.ndarray, "vocab"]:
    """The probabilities of the first token of an answer, in [0, 1], adding up to 1.

    Tokens are found by their names; mass on none of them is on the padding token. Raises `NotGiven` when the
    provider told no log-probabilities, or those of less than `LEAST_MASS`.
    """
    told = output.choices[0].logprobs if output.choices else None
    tops = (told.content[0].top_logprobs or []) if told and told.content else []
    known = tokenizer.get_vocab()
    shares: Float[np.ndarray, "vocab"] = np.zeros(len(tokenizer))
    for each in tops:
        token = known.get(each.token, known.get(each.token.strip()))
        if token is not None:
            shares[token] += float(np.exp(each.logprob))
    mass = float(shares.sum())
    if mass < LEAST_MASS:
        raise NotGiven(
            f"the provider told log-probabilities of {mass:.2f} of the next token's mass",
            right=f"{LEAST_MASS:g} or more",
            do="--model eudaimon/PATH",
        )
    shares[tokenizer.pad_token_id] += max(0.0, 1 - mass)
    shares /= shares.sum()
    return shares
