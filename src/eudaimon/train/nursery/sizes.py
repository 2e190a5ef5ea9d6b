"""The nursery's models: ordinary Llama configurations, by size."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from eudaimon.core import UsageError
from eudaimon.data.yaml_text import read_yaml

if TYPE_CHECKING:
    from transformers import LlamaConfig


class Size(BaseModel):
    """Layers, width, heads and inner width of a Llama with tied embeddings."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    layers: int
    width: int
    heads: int
    kv_heads: int
    inner: int
    vocabulary: int
    """The number of tokens at which the size's name counts the parameters."""

    def n_parameters(self, vocabulary: int | None = None) -> int:
        """The number of parameters with a vocabulary of that many tokens; tied embeddings count once."""
        keys = self.width * self.kv_heads // self.heads
        attention = 2 * self.width * self.width + 2 * self.width * keys
        block = attention + 3 * self.width * self.inner + 2 * self.width
        return self.layers * block + self.width + (vocabulary or self.vocabulary) * self.width


def llama_config(size: str, tokenizer: Any, context: int, *, initializer_range: float = 0.02) -> LlamaConfig:
    """The configuration of a size for a tokenizer's vocabulary and a context of that many tokens.

    Raises `UsageError` on an unknown size and on a context under two tokens, in which nothing is predicted.
    """
    from transformers import LlamaConfig

    shape = find_size(size)
    if context < 2:
        raise UsageError(f"a context of {context} tokens has nothing to predict", right="two tokens or more")
    # Added tokens can leave holes, so that the highest id is not the length less one.
    vocabulary = max(len(tokenizer), 1 + max(tokenizer.get_vocab().values()))
    return LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=shape.width,
        intermediate_size=shape.inner,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        max_position_embeddings=context,
        tie_word_embeddings=True,
        initializer_range=initializer_range,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )


def find_size(name: str) -> Size:
    """The size of that name; raises `UsageError` with the names there are."""
    if name not in SIZES:
        raise UsageError(f"there is no size {name}", right=f"the sizes are {', '.join(SIZES)}")
    return SIZES[name]


def _read() -> Mapping[str, Size]:
    text = (files("eudaimon.train.nursery") / "sizes.yaml").read_text(encoding="utf-8")
    return MappingProxyType({str(name): Size(**shape) for name, shape in read_yaml(text).items()})


SIZES: Mapping[str, Size] = _read()
