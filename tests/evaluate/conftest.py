from __future__ import annotations

from importlib import import_module

import pytest

from eudaimon.models import load
from eudaimon.world import items, save_tokenizer
from eudaimon.world.tokenizer import tokenizer
from eudaimon.world.world import World


@pytest.fixture(scope="session")
def world():
    return World(seed=0)


@pytest.fixture(scope="session")
def town_folder(tmp_path_factory):
    """A random tiny Llama with the town's tokenizer, of which no two tokens are about equally likely."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("town")
    save_tokenizer(None, folder)
    config = LlamaConfig(
        vocab_size=len(tokenizer()), hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=512, tie_word_embeddings=True,
        pad_token_id=0, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = LlamaForCausalLM(config)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(torch.randn_like(parameter) * 0.08)
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def model(town_folder):
    return load(town_folder, device="cpu")


@pytest.fixture(scope="session")
def few(world):
    """Four items of each kind, over all domains."""
    kinds = ("advice", "proposal", "harmful_request", "lookalike", "check")
    every = [items(world, kind=kind) for kind in kinds]
    return [item for some in every for item in some[:: len(some) // 3 - 1][:4]]


@pytest.fixture
def scripted(monkeypatch):
    """``scripted(answer)``: every next token follows a hand-made table instead of the model.

    ``answer(prompt)`` gives phrases with their masses; the rest of the mass is on ``<pad>``.
    """
    import numpy as np

    known = tokenizer()

    def script(answer):
        def logits(model, prompts, *, template, prefills):
            assert template is False and prefills is None
            table = np.zeros((len(prompts), len(known)))
            for row, prompt in zip(table, prompts, strict=True):
                for phrase, mass in answer(prompt).items():
                    row[known.convert_tokens_to_ids(phrase)] += mass
                row[0] = 1 - row.sum()
            with np.errstate(divide="ignore"):
                return np.log(table)

        # The package's name for this module is its function `generate`.
        monkeypatch.setattr(import_module("eudaimon.models.generate"), "next_token_logits", logits)

    return script
