"""Decoding for many stacks: every prompt is read once for each, and rows that are done leave the batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eudaimon.models.decoding import Decoder, Decoding, stops
from eudaimon.models.kernels import fast_products
from eudaimon.models.prompts import Prompt

if TYPE_CHECKING:
    from torch import Tensor

    from eudaimon.models.adapters.side_by_side import SideBySide

SHRINK = 0.8
"""The batch is cut to the rows that go on where these are fewer than this share: moving the cache costs."""


def decode_side_by_side(
    side: SideBySide,
    prompts: list[Prompt],
    n_samples: int,
    how: Decoding,
    drawn: Tensor | None,
) -> list[list[list[int]]]:
    """Tokens of ``n_samples`` answers to each prompt under each stack: stack, then prompt and sample.

    ``drawn`` ``[prompts * samples, max_new_tokens]`` are float64 in [0, 1), the same for every stack; None
    takes the likeliest token. An answer ends as one of `generate` does.
    """
    import torch

    model, n_stacks = side.model, side.n_stacks
    pairs = len(prompts) * n_samples
    ends = np.array(sorted(stops(model)))
    room = np.array([min(how.max_new_tokens, model.max_tokens - len(one)) for one in prompts]).repeat(
        n_samples
    )
    said = np.full((n_stacks, pairs, how.max_new_tokens), -1, dtype=np.int64)
    # Which pair of prompt and sample each row of a stack's block is, and whether it goes on.
    pair = np.tile(np.arange(pairs), (n_stacks, 1))
    going = np.ones((n_stacks, pairs), dtype=bool)
    with torch.inference_mode(), side.acting():
        decoder = Decoder(model, prompts * n_stacks, keep=True)
        with fast_products(model.device):
            logits = decoder.start()
        if n_samples > 1:
            decoder.repeat(n_samples)
            logits = logits.repeat_interleave(n_samples, dim=0)
        for step in range(how.max_new_tokens):
            own = None if drawn is None else drawn[torch.from_numpy(pair.reshape(-1)), step]
            tokens = how.chosen(logits, own).cpu().numpy().reshape(pair.shape)
            going &= ~np.isin(tokens, ends)
            stack, row = np.nonzero(going)
            said[stack, pair[stack, row], step] = tokens[stack, row]
            going &= step + 1 < room[pair]
            most = int(going.sum(axis=1).max())
            if not most:
                break
            if most <= SHRINK * pair.shape[1]:
                # Blocks stay equal: a stack that has fewer keeps some that are done.
                kept = np.argsort(~going, axis=1, kind="stable")[:, :most]
                rows = kept + np.arange(n_stacks)[:, None] * pair.shape[1]
                decoder.select(torch.from_numpy(rows.reshape(-1)).to(model.device))
                pair, going, tokens = (np.take_along_axis(x, kept, axis=1) for x in (pair, going, tokens))
            with fast_products(model.device):
                logits = decoder.step(tokens.reshape(-1).tolist())
    return [[[int(token) for token in row if token >= 0] for row in block] for block in said]
