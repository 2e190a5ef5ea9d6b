"""What a model finds likely: the log-probability of every token of given texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Int

from eudaimon.core import TextTooLong, UsageError, progress
from eudaimon.models.batches import token_budget
from eudaimon.models.kernels import fast_products
from eudaimon.models.model import Model
from eudaimon.models.passes import Positions, announced, filler
from eudaimon.models.prompts import Prompt, prepare

if TYPE_CHECKING:
    from torch import Tensor

LOGITS_AT_ONCE = 1 << 26
"""Logits held in memory at a time: 256 MB of float32."""


@dataclass(frozen=True, eq=False, slots=True)
class TokenLikelihood:
    """Natural log-probabilities of a text's tokens given those before, and the code points of each token.

    The first token is not predicted by anything and is left out, unless the tokenizer puts one before it.
    """

    log_probability: Float[np.ndarray, "t"]
    span: Int[np.ndarray, "t 2"]

    def total(self, start: int = 0, end: int | None = None) -> float:
        """The log-probability, in nats, of the tokens that begin in ``[start, end)``."""
        inside = self.span[:, 0] >= start
        if end is not None:
            inside &= self.span[:, 0] < end
        return float(self.log_probability[inside].sum())


def token_likelihood(
    model: Model, texts: Sequence[str], *, cut: bool = False, show_progress: bool = True
) -> list[TokenLikelihood]:
    """The likelihood of every token of each text, in order, without a chat template.

    Batched by length, padded on the right where no token sees it. Of a text over the context only the tokens
    that fit are there when ``cut``; otherwise it raises `TextTooLong`. Raises `UsageError` for a model
    without a language-model head.
    """
    module: Any = model.module
    if not model.is_causal or module.get_output_embeddings() is None:
        raise UsageError(
            f"{model.checkpoint.name} gives no probabilities: it has no language-model head",
            right="load a causal language model",
        )
    asked = prepare(model, texts, template=False)
    for index, prompt in enumerate(asked):
        if prompt.truncated and not cut:
            raise TextTooLong(
                f"text {index + 1} is longer than the context of {model.max_tokens} tokens",
                right="a shorter text",
                do="cut=True",
            )
    found: list[TokenLikelihood | None] = [None] * len(asked)
    vocabulary = int(module.get_output_embeddings().weight.shape[0])
    with progress("likelihood", len(asked), "texts", enabled=show_progress) as advance:
        for rows in _batches(asked, min(token_budget(model), LOGITS_AT_ONCE // vocabulary)):
            batch = [asked[row] for row in rows]
            for row, prompt, values in zip(rows, batch, _forward(model, batch), strict=True):
                own = prompt.content[1:]
                found[row] = TokenLikelihood(values[: len(prompt) - 1][own], prompt.spans[1:][own])
            advance(len(rows))
    return [one for one in found if one is not None]


def _batches(asked: Sequence[Prompt], budget: int) -> Iterator[list[int]]:
    order = sorted(range(len(asked)), key=lambda row: -len(asked[row]))
    while order:
        size = max(1, budget // max(len(asked[order[0]]), 1))
        yield order[:size]
        order = order[size:]


def _forward(model: Model, batch: Sequence[Prompt]) -> Float[np.ndarray, "b t"]:
    import torch

    width = max(max(len(prompt) for prompt in batch), 2)
    ids = np.full((len(batch), width), filler(model), dtype=np.int64)
    content = np.zeros(ids.shape, dtype=bool)
    last = np.zeros(ids.shape, dtype=bool)
    for row, prompt in enumerate(batch):
        ids[row, : len(prompt)] = prompt.ids
        content[row, : len(prompt)] = prompt.content
        last[row, len(prompt) - 1] = True
    inputs = torch.from_numpy(ids).to(model.device)
    known = Positions(torch.from_numpy(content).to(model.device), torch.from_numpy(last).to(model.device))
    with torch.inference_mode(), fast_products(model.device), announced(known):
        logits: Tensor = model.module(input_ids=inputs, use_cache=False).logits[:, :-1].float()
        normal = logits.logsumexp(dim=-1)
        chosen = logits.gather(-1, inputs[:, 1:, None])[..., 0]
        values: Float[np.ndarray, "b t"] = (chosen - normal).cpu().double().numpy()
    return values
