"""Generation against transformers, and samples that do not depend on who else is in the batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from eudaimon.core import TextTooLong, UsageError
from eudaimon.models import generate, next_token_logits

CAUSAL = (
    "gpt2", "llama", "qwen2", "qwen3", "mistral", "gemma", "gemma2", "gemma3", "gpt_neox", "opt", "mixtral",
)  # fmt: skip
PROMPTS = [
    "How do I kill a Python process?",
    "Where",
    "You are a helpful assistant. Explain how the goat jumps.",
]


@pytest.mark.parametrize("family", CAUSAL)
def test_greedy_equals_transformers_one_by_one(tiny_model, family):
    model = tiny_model(family)
    got = generate(model, PROMPTS, max_new_tokens=20, template=False)
    for prompt, answer in zip(PROMPTS, got, strict=True):
        ids = model.tokenizer(prompt, return_tensors="pt")["input_ids"]
        out = model.module.generate(ids, max_new_tokens=20, do_sample=False)
        assert answer == model.tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True)


@pytest.mark.parametrize("family", CAUSAL)
def test_next_token_logits_equal_a_plain_forward(tiny_model, family):
    model = tiny_model(family)
    got = next_token_logits(model, PROMPTS, template=False)
    assert got.dtype == np.float32
    for row, prompt in zip(got, PROMPTS, strict=True):
        with torch.no_grad():
            right = model.module(**model.tokenizer(prompt, return_tensors="pt")).logits[0, -1]
        np.testing.assert_allclose(row, right.numpy(), atol=1e-5)


def test_samples_depend_on_seed_and_prompt_and_not_on_the_batch(tiny_model):
    model = tiny_model("llama")
    options = {"max_new_tokens": 12, "temperature": 1.0, "top_p": 0.9}
    batch = generate(model, PROMPTS, seed=5, **options)
    assert batch == [generate(model, [prompt], seed=5, **options)[0] for prompt in PROMPTS]
    assert batch == generate(model, PROMPTS[::-1], seed=5, **options)[::-1]
    assert batch != generate(model, PROMPTS, seed=6, **options)
    twice = generate(model, PROMPTS[:1] * 2, seed=5, **options)
    assert twice[0] == batch[0]
    assert twice[0] != twice[1]


def test_a_seed_for_each_prompt(tiny_model):
    model = tiny_model("llama")
    options = {"max_new_tokens": 6, "temperature": 1.0, "template": False, "show_progress": False}
    batch = generate(model, PROMPTS, seed=[5, 6, 7], **options)
    alone = [
        generate(model, [prompt], seed=seed, **options)[0]
        for prompt, seed in zip(PROMPTS, (5, 6, 7), strict=True)
    ]
    assert batch == alone
    first, second, third = generate(model, [PROMPTS[0]] * 3, seed=[5, 8, 5], **options)
    assert first == batch[0] != second and third != first
    with pytest.raises(UsageError, match="2 seeds for 3"):
        generate(model, PROMPTS, seed=[1, 2], **options)


def test_tiny_nucleus_is_greedy(tiny_model):
    model = tiny_model("gpt2")
    greedy = generate(model, PROMPTS, max_new_tokens=8)
    assert generate(model, PROMPTS, max_new_tokens=8, temperature=1.0, top_p=1e-6) == greedy


def test_sampling_follows_the_probabilities(tiny_model):
    model = tiny_model("gpt2")
    shares = torch.tensor(next_token_logits(model, ["Where"])[0]).double().softmax(0).numpy()
    drawn = generate(model, ["Where"] * 800, max_new_tokens=1, temperature=1.0, seed=1)
    # Several tokens decode to the same text: part of a character, or nothing.
    texts = [model.tokenizer.decode([token], skip_special_tokens=True) for token in range(len(shares))]
    for text in (" ", "a", texts[int(shares.argmax())]):
        right = sum(share for share, other in zip(shares, texts, strict=True) if other == text)
        tolerance = 4 * np.sqrt(right * (1 - right) / 800)
        assert np.mean([answer == text for answer in drawn]) == pytest.approx(right, abs=tolerance)


def test_ends_at_the_end_of_sequence(tiny_model, monkeypatch):
    model = tiny_model("gemma3")
    free = generate(model, PROMPTS[:1], max_new_tokens=10)[0]
    ids = model.tokenizer(PROMPTS[0], return_tensors="pt")["input_ids"]
    new = model.module.generate(ids, max_new_tokens=10, do_sample=False)[0, ids.shape[1] :].tolist()
    stop = next(token for token in new if new.index(token) >= 1)
    monkeypatch.setattr(model.module.generation_config, "eos_token_id", [stop])
    cut = generate(model, PROMPTS[:1], max_new_tokens=10)[0]
    assert cut == model.tokenizer.decode(new[: new.index(stop)], skip_special_tokens=True)
    assert cut != free


@pytest.mark.parametrize("family", ["gpt2", "opt", "llama"])
def test_generation_ends_where_the_context_is_full(tiny_model, family):
    model = tiny_model(family)
    long = "goat " * 25
    room = model.max_tokens - len(model.tokenizer(long)["input_ids"])
    assert 0 < room < 100
    both = generate(model, [long, "Where"], max_new_tokens=200, template=False)
    assert both[0] == generate(model, [long], max_new_tokens=room, template=False)[0]
    assert both[1] == generate(model, ["Where"], max_new_tokens=200, template=False)[0]


def test_mistakes_are_named(tiny_model):
    model = tiny_model("gpt2")
    with pytest.raises(TextTooLong, match="prompt 2 leaves no room"):
        generate(model, ["x", "goat " * 500])
    with pytest.raises(UsageError, match="no tokens"):
        generate(model, [""])
    with pytest.raises(UsageError, match="no language-model head"):
        generate(tiny_model("bert"), ["x"])
    with pytest.raises(UsageError, match="make no sense"):
        generate(model, ["x"], temperature=-1)
    assert generate(model, []) == []
