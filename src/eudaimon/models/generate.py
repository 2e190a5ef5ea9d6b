"""Let a model continue prompts: batched, padded on the left, sampled from seeds of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from eudaimon.core import Text, UsageError, progress
from eudaimon.models.batches import token_budget
from eudaimon.models.decoding import Decoder, Decoding, answerable, decode, generators
from eudaimon.models.model import Model
from eudaimon.models.prompts import Prompt

# Decoding is bound by reading the weights: more rows at once cost little.
MOST_ROWS = 64


def generate(
    model: Model,
    prompts: Sequence[Text],
    *,
    max_new_tokens: int = 64,
    temperature: float = 0.0,
    top_p: float = 1.0,
    seed: int | Sequence[int] = 0,
    system: str | None = None,
    template: bool = True,
    prefills: Sequence[str] | None = None,
    show_progress: bool = True,
) -> list[str]:
    """What the model says after each prompt: the new text only, without special tokens, in prompt order.

    The chat template is applied when there is one; ``prefills``, one a prompt, are the beginnings of the
    answers, which go on from there and do not repeat them. Temperature 0 takes the likeliest token; otherwise
    tokens are drawn at that temperature from the smallest set with mass ``top_p``. Each prompt draws from its
    own generator, seeded by ``seed``, its tokens and how often it occurred before, so its sample does not
    depend on the batch (up to rounding in the logits, which may tip near-ties). A sequence gives each prompt
    a seed of its own. Ends at an end-of-sequence token, at ``max_new_tokens`` or where the context is full.
    Raises `UsageError` for encoders and bad settings, `TextTooLong` for a prompt that leaves no room.
    """
    how = Decoding(temperature, top_p, max_new_tokens)
    asked = answerable(model, prompts, system, template, prefills)
    if not isinstance(seed, int) and len(seed) != len(asked):
        raise UsageError(f"{len(seed)} seeds for {len(asked)} prompts", right="one seed, or one a prompt")
    draws = generators(asked, seed) if how.by_chance else None
    answers: list[str] = [""] * len(asked)
    with progress("generated", len(asked), "texts", enabled=show_progress) as advance:
        for rows in in_batches(model, asked, max_new_tokens):
            own = [draws[row] for row in rows] if draws else None
            batch = [asked[row] for row in rows]
            steps = list(decode(model, batch, how, own))
            for row, tokens in zip(rows, zip(*steps, strict=True), strict=True):
                said = [token for token in tokens if token is not None]
                answers[row] = model.tokenizer.decode(said, skip_special_tokens=True)
            advance(len(rows))
    return answers


def next_token_logits(
    model: Model,
    prompts: Sequence[Text],
    *,
    system: str | None = None,
    template: bool = True,
    prefills: Sequence[str] | None = None,
) -> Float[np.ndarray, "n vocab"]:
    """Logits of the token after each prompt, float32, in prompt order.

    The chat template is applied when there is one; ``prefills``, one a prompt, stand behind it. Raises
    `UsageError` for encoders, `TextTooLong` for a prompt over the context.
    """
    asked = answerable(model, prompts, system, template, prefills)
    module: Any = model.module
    vocabulary = module.get_output_embeddings().weight.shape[0]
    logits: Float[np.ndarray, "n vocab"] = np.empty((len(asked), vocabulary), dtype=np.float32)
    for rows in in_batches(model, asked, 0):
        logits[rows] = Decoder(model, [asked[row] for row in rows], keep=False).start().cpu().numpy()
    return logits


def in_batches(model: Model, asked: list[Prompt], new: int) -> Iterator[list[int]]:
    """The places of the prompts, longest first, in batches that leave room for ``new`` tokens each."""
    order = sorted(range(len(asked)), key=lambda row: -len(asked[row]))
    budget = max(token_budget(model), 1)
    while order:
        width = len(asked[order[0]]) + new
        size = max(1, min(MOST_ROWS, budget // width))
        yield order[:size]
        order = order[size:]
