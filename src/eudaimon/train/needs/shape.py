"""The shape of a Llama-like model: how many numbers it holds, and how many it keeps for each token."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

from eudaimon.core import UsageError

BYTES = 2
"""Of a number in bfloat16, in which models are loaded on a GPU."""


class ModelShape(BaseModel):
    """Layers, width, heads, inner width of the gated MLP and vocabulary of a Llama, Qwen2, Mistral or kin."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    layers: int
    width: int
    heads: int
    kv_heads: int
    head_width: int
    inner: int
    vocabulary: int
    tied: bool = False
    qkv_bias: bool = False

    @property
    def n_parameters(self) -> int:
        """Numbers in the weights; tied embeddings count once."""
        ends = self.width + (1 if self.tied else 2) * self.vocabulary * self.width
        return self.layers * self.block_parameters + ends

    @property
    def block_parameters(self) -> int:
        """Numbers in the weights of one layer."""
        queries, keys = self.heads * self.head_width, self.kv_heads * self.head_width
        attention = 2 * self.width * queries + 2 * self.width * keys
        bias = queries + 2 * keys if self.qkv_bias else 0
        return attention + bias + 3 * self.width * self.inner + 2 * self.width

    def lora_parameters(self, rank: int, modules: tuple[str, ...], n_layers: int | None = None) -> int:
        """Numbers in a LoRA of ``rank`` on these projections of ``n_layers`` layers (None: all)."""
        queries, keys = self.heads * self.head_width, self.kv_heads * self.head_width
        sides = {
            "q_proj": self.width + queries,
            "k_proj": self.width + keys,
            "v_proj": self.width + keys,
            "o_proj": queries + self.width,
            "gate_proj": self.width + self.inner,
            "up_proj": self.width + self.inner,
            "down_proj": self.inner + self.width,
        }
        if unknown := [name for name in modules if name not in sides]:
            raise UsageError(f"there is no projection {unknown[0]}", right=", ".join(sides))
        return rank * sum(sides[name] for name in modules) * (n_layers or self.layers)

    @property
    def cache_bytes(self) -> int:
        """Bytes of keys and values that generation keeps for each token of each row."""
        return self.layers * 2 * self.kv_heads * self.head_width * BYTES

    @property
    def activation_bytes(self) -> int:
        """Bytes that LoRA training keeps for each token until the backward pass, without checkpointing.

        Counted by hand for bfloat16 and fused attention: in each layer the inputs of both norms in float32,
        of the projections, queries, keys, values and output of attention, and the MLP's gate and values.
        """
        queries, keys = self.heads * self.head_width, self.kv_heads * self.head_width
        return self.layers * (26 * self.width + 6 * queries + 4 * keys + 8 * self.inner)

    @property
    def logit_bytes(self) -> int:
        """Bytes that the loss keeps for each token: logits, their float32 copy, and the gradients of both."""
        return self.vocabulary * (2 + 4 + 4 + 2)


def find_shape(name: str | Path) -> ModelShape:
    """A packaged shape by name, or that of a model's folder or hub id, from its config.json alone.

    Raises `UsageError` for a model of another kind, `ModelUnavailable` when there is none.
    """
    from eudaimon.models.folder import find_folder, read_config

    known = str(name).rpartition("/")[2].lower().removesuffix("-instruct")
    if known in SHAPES and not Path(name).exists():
        return SHAPES[known]
    folder, _ = find_folder(str(name))
    return shape_of(read_config(folder, str(name)), str(name))


def shape_of(config: Mapping[str, Any], name: str = "the model") -> ModelShape:
    """The shape that a config.json describes; raises `UsageError` when it describes none of this kind."""
    try:
        heads, width = config["num_attention_heads"], config["hidden_size"]
        return ModelShape(
            layers=config["num_hidden_layers"],
            width=width,
            heads=heads,
            kv_heads=config.get("num_key_value_heads") or heads,
            head_width=config.get("head_dim") or width // heads,
            inner=config["intermediate_size"],
            vocabulary=config["vocab_size"],
            tied=bool(config.get("tie_word_embeddings", False)),
            qkv_bias=config.get("model_type") == "qwen2" or bool(config.get("attention_bias")),
        )
    except KeyError as error:
        raise UsageError(
            f"the config of {name} has no {error}", right="a Llama, Qwen2, Mistral or a model like these"
        ) from error


def _read() -> Mapping[str, ModelShape]:
    text = (files("eudaimon.train.needs") / "shapes.yaml").read_text(encoding="utf-8")
    return MappingProxyType({name: ModelShape(**each) for name, each in yaml.safe_load(text).items()})


SHAPES: Mapping[str, ModelShape] = _read()
"""The packaged shapes by name."""
