"""What a model finds likely: the log-probability of every token of given texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Float, Int

from eudaimon.core import Text, TextTooLong, UsageError, progress
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

    ``likeliest`` says whether no other token was likelier, which is what greedy decoding would have said. The
    first token is not predicted by anything and is left out, unless the tokenizer puts one before it.
    """

    log_probability: Float[np.ndarray, "t"]
    span: Int[np.ndarray, "t 2"]
    likeliest: Bool[np.ndarray, "t"]

    def total(self, start: int = 0, end: int | None = None) -> float:
        """The log-probability, in nats, of the tokens that begin in ``[start, end)``."""
        inside = self.span[:, 0] >= start
        if end is not None:
            inside &= self.span[:, 0] < end
        return float(self.log_probability[inside].sum())


def token_likelihood(
    model: Model, texts: Sequence[Text], *, cut: bool = False, show_progress: bool = True
) -> list[TokenLikelihood]:
    """The likelihood of every token of each text, in order.

    Conversations go through the model's chat template, of which nothing is counted; plain texts stand as they
    are. Batched by length, padded on the right where no token sees it. Of a text over the context only the
    tokens that fit are there when ``cut``; otherwise it raises `TextTooLong`. Raises `UsageError` for a model
    without a language-model head.
    """
    module: Any = model.module
    if not model.is_causal or module.get_output_embeddings() is None:
        raise UsageError(
            f"{model.checkpoint.name} gives no probabilities: it has no language-model head",
            right="load a causal language model",
        )
    asked = _prompts(model, texts)
    for index, prompt in enumerate(asked):
        if prompt.truncated and not cut:
            raise TextTooLong(
                f"text {index + 1} is longer than the context of {model.max_tokens} tokens",
                right="a shorter text",
                do="cut=True",
            )
    values = prompt_likelihood(model, asked, show_progress=show_progress)
    return [
        TokenLikelihood(row[own], prompt.spans[1:][own], likeliest[own])
        for prompt, (row, likeliest) in zip(asked, values, strict=True)
        for own in [prompt.content[1:]]
    ]


def _prompts(model: Model, texts: Sequence[Text]) -> list[Prompt]:
    found: dict[int, Prompt] = {}
    for plain in (True, False):
        places = [place for place, text in enumerate(texts) if isinstance(text, str) == plain]
        own = prepare(model, [texts[place] for place in places], template=not plain) if places else []
        found.update(zip(places, own, strict=True))
    return [found[place] for place in range(len(texts))]


def prompt_likelihood(
    model: Model, prompts: Sequence[Prompt], *, show_progress: bool = True
) -> list[tuple[Float[np.ndarray, "t"], Bool[np.ndarray, "t"]]]:
    """Of every token but the first of each prompt: its natural log-probability given those before it, and
    whether it is the likeliest there.
    """
    module: Any = model.module
    nothing = np.empty(0), np.empty(0, dtype=bool)
    found: list[tuple[Float[np.ndarray, "t"], Bool[np.ndarray, "t"]]] = [nothing] * len(prompts)
    vocabulary = int(module.get_output_embeddings().weight.shape[0])
    with progress("likelihood", len(prompts), "texts", enabled=show_progress) as advance:
        for rows in _batches(prompts, min(token_budget(model), LOGITS_AT_ONCE // vocabulary)):
            values, likeliest = _forward(model, [prompts[row] for row in rows])
            for row, own, best in zip(rows, values, likeliest, strict=True):
                shown = slice(max(len(prompts[row]) - 1, 0))
                found[row] = (own[shown], best[shown])
            advance(len(rows))
    return found


def _batches(asked: Sequence[Prompt], budget: int) -> Iterator[list[int]]:
    order = sorted(range(len(asked)), key=lambda row: -len(asked[row]))
    while order:
        size = max(1, budget // max(len(asked[order[0]]), 1))
        yield order[:size]
        order = order[size:]


def _forward(
    model: Model, batch: Sequence[Prompt]
) -> tuple[Float[np.ndarray, "b t"], Bool[np.ndarray, "b t"]]:
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
        likeliest: Bool[np.ndarray, "b t"] = (chosen >= logits.amax(dim=-1)).cpu().numpy()
        values: Float[np.ndarray, "b t"] = (chosen - normal).cpu().double().numpy()
    return values, likeliest
