"""The size table."""

from __future__ import annotations

import pytest
import torch

from eudaimon.core import UsageError
from eudaimon.train.nursery.sizes import SIZES, llama_config

MEANT = {"0.1m": 1.2e5, "1m": 1e6, "10m": 1e7, "30m": 3e7, "120m": 1.2e8, "350m": 3.5e8, "1b": 1e9}


def test_the_names_say_how_many_parameters():
    assert set(SIZES) == set(MEANT)
    for name, size in SIZES.items():
        assert size.n_parameters() == pytest.approx(MEANT[name], rel=0.1), name


@pytest.mark.parametrize("name", list(MEANT))
def test_the_count_is_that_of_the_model(name, words):
    from transformers import AutoModelForCausalLM

    config = llama_config(name, words, context=16)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    assert model.num_parameters() == SIZES[name].n_parameters(config.vocab_size)


def test_the_smallest_is_the_towns(words):
    config = llama_config("0.1m", words, context=44)
    assert (config.num_hidden_layers, config.hidden_size, config.tie_word_embeddings) == (2, 64, True)
    assert config.max_position_embeddings == 44
    assert (config.pad_token_id, config.bos_token_id, config.eos_token_id) == (0, 1, 2)


def test_unknown_sizes_and_empty_contexts_are_refused(words):
    with pytest.raises(UsageError, match=r"no size 2m.*0\.1m, 1m"):
        llama_config("2m", words, context=16)
    with pytest.raises(UsageError, match="context of 1"):
        llama_config("0.1m", words, context=1)
