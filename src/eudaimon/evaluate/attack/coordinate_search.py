"""Greedy coordinate gradient: one suffix for many questions, one token exchanged at a time.

A step takes the gradient of the loss by the suffix's tokens, draws exchanges among those that it calls best,
and keeps the best of them if it is better. The published package (nanogcg 0.3.0) wants transformers below
4.48 and searches for one prompt at a time. Zou et al. 2023, arXiv 2307.15043.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Int

from eudaimon.evaluate.attack.suffix import Frame, surviving
from eudaimon.train.tokens.pack import IGNORED

if TYPE_CHECKING:
    from torch import Tensor

    from eudaimon.models.model import Model

GRADIENT_COST = 3
"""A gradient counts as three forward passes of a question: one forward, two backward."""
MOST_QUESTIONS = 8
N_EXCHANGES = 24
N_BEST = 48


@dataclass(frozen=True)
class Searched:
    """Where a search stands: its suffix, the steps made and the forward passes spent."""

    suffix: tuple[int, ...]
    steps: int = 0
    passes: int = 0


def search(
    model: Model,
    around: Sequence[Frame],
    start: Searched,
    usable: Int[np.ndarray, "v"],
    budget: int,
    seed: int,
) -> Searched:
    """The search carried on from ``start`` until another step would spend more than ``budget`` passes.

    A forward pass is one question with one suffix. Each step draws from its own generator, so that a search
    that goes on from where it stood ends where it would have ended.
    """
    state = start
    while True:
        rng = np.random.default_rng((seed, state.steps))
        n = min(MOST_QUESTIONS, len(around))
        batch = [around[place] for place in rng.permutation(len(around))[:n]]
        cost = n * (GRADIENT_COST + N_EXCHANGES)
        if state.passes + cost > budget:
            return state
        current = np.array(state.suffix, dtype=np.int64)
        loss, slope = gradient(model, batch, current)
        kept = current
        candidates = _exchanges(model, batch[:1], current, slope, usable, rng)
        found = losses(model, batch, candidates) if len(candidates) else np.empty(0)
        for place in np.argsort(found, kind="stable"):
            if found[place] >= loss:
                break
            if surviving(model, around, candidates[place][None])[0]:
                kept = candidates[place]
                break
        state = Searched(tuple(int(each) for each in kept), state.steps + 1, state.passes + cost)


def losses(model: Model, around: Sequence[Frame], suffixes: Int[np.ndarray, "c k"]) -> Float[np.ndarray, "c"]:
    """Nats a token of the wanted answers, averaged over the questions, for each suffix."""
    from eudaimon.models.continuations import Continuations
    from eudaimon.models.edited_passes import likelihood

    rows = [frame.row(suffix) for suffix in suffixes for frame in around]
    ends = [len(frame.wanted) for _ in suffixes for frame in around]
    asked = Continuations(tuple(rows), tuple(len(row) - end for row, end in zip(rows, ends, strict=True)))
    found: Float[np.ndarray, "c"] = (
        -likelihood(model, asked)[0].reshape(len(suffixes), len(around)).mean(axis=1)
    )
    return found


def gradient(
    model: Model, around: Sequence[Frame], suffix: Int[np.ndarray, "k"]
) -> tuple[float, Float[np.ndarray, "k vocab"]]:
    """The mean loss of a suffix, and how it would change with each token at each place, to first order.

    All questions go through the model in one batch, filled up behind, where no token of a causal model looks.
    """
    import torch
    from torch.nn.utils.rnn import pad_sequence

    module: Any = model.module
    table: Tensor = module.get_input_embeddings().weight.detach()
    rows = [torch.from_numpy(frame.row(suffix)) for frame in around]
    ids = pad_sequence(rows, batch_first=True).to(model.device)
    k = len(suffix)
    at = torch.tensor([[len(frame.before) + n for n in range(k)] for frame in around], device=model.device)
    wanted = torch.full_like(ids, IGNORED)
    for place, (frame, row) in enumerate(zip(around, rows, strict=True)):
        n = len(frame.wanted)
        wanted[place, len(row) - n : len(row)] = ids[place, len(row) - n : len(row)]
    with torch.enable_grad():
        own = table[ids.gather(1, at)].clone().requires_grad_(True)
        inputs = table[ids].scatter(1, at[..., None].expand_as(own), own)
        logits = module(inputs_embeds=inputs, use_cache=False).logits[:, :-1].float()
        nats = torch.nn.functional.cross_entropy(
            logits.transpose(1, 2), wanted[:, 1:], ignore_index=IGNORED, reduction="none"
        )
        # Every question counts the same, however long its answer.
        each = nats.sum(dim=1) / (wanted[:, 1:] != IGNORED).sum(dim=1)
        (gradient,) = torch.autograd.grad(each.sum(), own)
    slope = gradient.float().sum(dim=0)
    by_token: Float[np.ndarray, "k vocab"] = (slope @ table.float().T / len(around)).cpu().numpy()
    return float(each.detach().mean()), by_token


def _exchanges(
    model: Model,
    around: Sequence[Frame],
    suffix: Int[np.ndarray, "k"],
    gradient: Float[np.ndarray, "k vocab"],
    usable: Int[np.ndarray, "v"],
    rng: np.random.Generator,
) -> Int[np.ndarray, "c k"]:
    """Suffixes that differ in one of the tokens that the gradient likes best and survive as text."""
    best = usable[np.argsort(gradient[:, usable], axis=1, kind="stable")[:, :N_BEST]]
    drawn = np.repeat(suffix[None], 2 * N_EXCHANGES, axis=0)
    places = rng.integers(len(suffix), size=len(drawn))
    drawn[np.arange(len(drawn)), places] = best[places, rng.integers(best.shape[1], size=len(drawn))]
    drawn = np.unique(drawn[(drawn != suffix).any(axis=1)], axis=0)
    drawn = drawn[rng.permutation(len(drawn))]
    return np.asarray(drawn[surviving(model, around, drawn)][:N_EXCHANGES])
