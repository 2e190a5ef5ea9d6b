"""A small tokenizer of words, token sets made with it, and tiny recipes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

WORDS = 20


@pytest.fixture(scope="session")
def words():
    """A word-level tokenizer (``w0`` to ``w19``) with a chat template that marks the assistant's turn."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    special = ["<pad>", "<bos>", "<eos>", "<unk>", "<user>", "<assistant>"]
    vocabulary = special + [f"w{i}" for i in range(WORDS)]
    backend = Tokenizer(models.WordLevel({word: i for i, word in enumerate(vocabulary)}, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token="<pad>",
        bos_token="<bos>",
        eos_token="<eos>",
        unk_token="<unk>",
        additional_special_tokens=["<user>", "<assistant>"],
    )
    tokenizer.chat_template = (
        "{% for message in messages %}<{{ message['role'] }}> {{ message['content'] }}"
        "{% if message['role'] == 'assistant' %} <eos>{% endif %} {% endfor %}"
        "{% if add_generation_prompt %}<assistant> {% endif %}"
    )
    return tokenizer


@pytest.fixture
def token_set(words, tmp_path: Path) -> Callable[..., object]:
    """``token_set(n, length, masked)``: texts of random words, the first ``masked`` of each unlearned."""
    from eudaimon.train.text import TrainText
    from eudaimon.train.tokens.write import write_tokens

    def make(n=40, length=9, masked: int | list[int] = 0, lengths: Sequence[int] | None = None):
        draw = np.random.default_rng(0)
        texts = []
        for index in range(n):
            size = lengths[index] if lengths is not None else length
            text = " ".join(f"w{number}" for number in draw.integers(0, WORDS, size))
            end = len(" ".join(text.split()[: masked[index] if isinstance(masked, list) else masked]))
            texts.append(TrainText(str(index), text, ((0, end),) if end else ()))
        return write_tokens(texts, words, tmp_path / "tokens")

    return make


@pytest.fixture(scope="session")
def base(words, tmp_path_factory) -> Path:
    """A checkpoint of the smallest size with random weights that `words` fits."""
    import torch
    from transformers import AutoModelForCausalLM

    from eudaimon.train.nursery.sizes import llama_config

    folder = tmp_path_factory.mktemp("base")
    words.save_pretrained(folder)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_config(llama_config("0.1m", words, context=32), dtype=torch.float32)
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def chats() -> list[dict[str, object]]:
    """Eight chats in which the answer to ``wi`` is ``wj`` and ``wj + 1``, of unlike lengths."""
    return [
        {
            "messages": [
                {"role": "user", "content": f"w{i} " * (1 + i % 3)},
                {"role": "assistant", "content": f"w{10 + i} w{11 + i}" + " w0" * (i % 2)},
            ]
        }
        for i in range(8)
    ]
