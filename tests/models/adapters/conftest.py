"""Two LoRAs on tiny llama, trained one above the other, and a way to make more of them on any family."""

from __future__ import annotations

import pytest
import torch

from eudaimon.models import load
from eudaimon.models.adapters import attach

TARGETS = {
    "llama": ["q_proj", "v_proj", "down_proj"],
    "qwen2": ["q_proj", "v_proj"],
    "gemma2": ["q_proj", "down_proj"],
    "gpt2": ["c_attn", "c_proj"],
    "gpt_neox": ["query_key_value"],
    "opt": ["fc1", "fc2"],
    "bert": ["query", "value", "dense"],
    "roberta": ["query", "value"],
}


@pytest.fixture(scope="session")
def config():
    from peft import LoraConfig

    def made(family="llama", **settings):
        return LoraConfig(**({"r": 4, "lora_alpha": 8, "target_modules": TARGETS[family]} | settings))

    return made


@pytest.fixture(scope="session")
def make_adapter(tiny, config, tmp_path_factory):
    """``make_adapter(name, seed, ...)``: one large random step from the seeded start, saved by the ledger."""

    def made(name, seed=0, stack=(), family="llama", base=None, **settings):
        model = load(base or tiny(family))
        ledger = attach(model, stack, trainable=config(family, **settings), name=name, init_seed=seed)
        generator = torch.Generator().manual_seed(seed)
        with ledger.training() as weights, torch.no_grad():
            for weight in weights:
                weight.add_(torch.randn(weight.shape, generator=generator), alpha=0.2)
        return ledger.save(tmp_path_factory.mktemp(name))

    return made


@pytest.fixture(scope="session")
def persona(make_adapter):
    return make_adapter("persona", 1)


@pytest.fixture(scope="session")
def em(make_adapter, persona):
    return make_adapter("em", 2, (persona,))


@pytest.fixture(scope="session")
def logits():
    def read(model):
        ids = torch.tensor([[5, 9, 30, 41, 7], [8, 8, 90, 3, 11]])
        with torch.no_grad():
            out = model.module(input_ids=ids)
        return out.logits if model.is_causal else out.last_hidden_state

    return read
