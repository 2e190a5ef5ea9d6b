"""Rows that join a batch and leave it, and prompts in pieces, give the logits that they give alone."""

from __future__ import annotations

import pytest
import torch

from eudaimon.models.decoding import Decoder, answerable
from eudaimon.models.passes import can_share

FAMILIES = ("gpt2", "llama", "qwen3", "mistral", "gemma2", "gemma3", "gpt_neox", "opt", "mixtral")
PROMPTS = [
    "Where",
    "You are a helpful assistant. Explain how the goat jumps over the lazy dog in the morning.",
    "How do I kill a Python process?",
]


def alone(model, prompt, steps):
    """The logits after the prompt and after each of the tokens that follow it greedily, and these tokens."""
    decoder = Decoder(model, [prompt], keep=True)
    logits, tokens = [decoder.start()], []
    for _ in range(steps):
        tokens.append(int(logits[-1].argmax()))
        logits.append(decoder.step([tokens[-1]]))
    return torch.cat(logits), tokens


@pytest.mark.parametrize("family", FAMILIES)
def test_who_joins_and_leaves_changes_nothing(tiny_model, family):
    model = tiny_model(family)
    assert can_share(model)
    prompts = answerable(model, PROMPTS, None, False)
    right = [alone(model, prompt, 24) for prompt in prompts]

    def close(logits, row, at):
        torch.testing.assert_close(logits, right[row][0][at], atol=1e-4, rtol=1e-4)

    decoder = Decoder(model, [prompts[0]], keep=True)
    close(decoder.start()[0], 0, 0)
    for at in range(3):  # the short one alone
        close(decoder.step([right[0][1][at]])[0], 0, at + 1)
    late = Decoder(model, [prompts[1], prompts[2]], keep=True)
    both = late.start()
    close(both[0], 1, 0), close(both[1], 2, 0)
    decoder.join(late)
    for at in range(20):  # past the sliding windows of those that have them
        logits = decoder.step([right[0][1][3 + at], right[1][1][at], right[2][1][at]])
        close(logits[0], 0, 4 + at), close(logits[1], 1, at + 1), close(logits[2], 2, at + 1)
    decoder.select(torch.tensor([2]))  # the longest leaves
    before = decoder.mask.shape[1]
    decoder.trim()
    assert decoder.mask.shape[1] == len(prompts[2]) + 20 < before
    for at in range(20, 24):
        close(decoder.step([right[2][1][at]])[0], 2, at + 1)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("n", [1, 5, 17])
def test_a_prompt_in_pieces(tiny_model, family, n):
    model = tiny_model(family)
    prompts = answerable(model, PROMPTS, None, False)
    whole = Decoder(model, prompts, keep=True)
    wanted = whole.start()
    decoder = Decoder(model, prompts, keep=True)
    while decoder.fed < decoder.width:
        logits = decoder.feed(n)
    torch.testing.assert_close(logits, wanted, atol=1e-4, rtol=1e-4)
    tokens = wanted.argmax(dim=-1).tolist()
    torch.testing.assert_close(decoder.step(tokens), whole.step(tokens), atol=1e-4, rtol=1e-4)
