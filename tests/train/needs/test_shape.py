"""Counted parameters against transformers' own models."""

from __future__ import annotations

import json

import pytest

from eudaimon.core import UsageError
from eudaimon.train.needs.shape import SHAPES, ModelShape, find_shape, shape_of

STATED = {
    "qwen2.5-0.5b": 0.494,
    "qwen2.5-7b": 7.62,
    "qwen2.5-14b": 14.8,
    "qwen2.5-72b": 72.7,
    "llama-3.1-8b": 8.03,
}
SMALL = {
    "layers": 3,
    "width": 64,
    "heads": 4,
    "kv_heads": 2,
    "head_width": 16,
    "inner": 96,
    "vocabulary": 200,
}


@pytest.mark.parametrize("name", STATED)
def test_packaged_shapes_have_the_size_that_their_cards_state(name):
    assert SHAPES[name].n_parameters / 1e9 == pytest.approx(STATED[name], rel=0.01)


@pytest.mark.parametrize("family", ["llama", "qwen2", "mistral"])
@pytest.mark.parametrize("tied", [True, False])
def test_parameters_are_those_of_the_network(family, tied):
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model(
        family, hidden_size=64, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
        intermediate_size=96, vocab_size=200, tie_word_embeddings=tied, head_dim=16,
    )  # fmt: skip
    with torch.device("meta"):
        network = AutoModelForCausalLM.from_config(config)
    if tied:
        network.tie_weights()
    shape = shape_of(config.to_dict())
    assert shape.n_parameters == sum(each.numel() for each in network.parameters())


def test_lora_parameters_are_those_of_peft():
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaConfig, LlamaForCausalLM

    shape = ModelShape(**SMALL)
    config = LlamaConfig(
        hidden_size=64, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
        intermediate_size=96, vocab_size=200,
    )  # fmt: skip
    modules = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
    with torch.device("meta"):
        network = get_peft_model(LlamaForCausalLM(config), LoraConfig(r=5, target_modules=list(modules)))
    trained = sum(each.numel() for each in network.parameters() if each.requires_grad)
    assert shape.lora_parameters(5, modules) == trained
    assert shape.lora_parameters(5, ("down_proj",), 1) == 5 * (64 + 96)
    with pytest.raises(UsageError, match="no projection"):
        shape.lora_parameters(5, ("c_attn",))


def test_a_folder_is_read_by_its_config(tiny):
    shape = find_shape(tiny("qwen2"))
    config = json.loads((tiny("qwen2") / "config.json").read_text(encoding="utf-8"))
    assert (shape.layers, shape.width) == (config["num_hidden_layers"], config["hidden_size"])
    assert find_shape("Qwen/Qwen2.5-7B-Instruct") == SHAPES["qwen2.5-7b"]
    with pytest.raises(UsageError, match="no 'num_attention_heads'"):
        find_shape(tiny("gpt2"))
