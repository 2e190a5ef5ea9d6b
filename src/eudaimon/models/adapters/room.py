"""How much of a grid goes on the device at once: rows of a batch, and stacks with their factors."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eudaimon.models.model import Model

CPU_WIDTHS = 1 << 16
"""Rows times width of a batch on a CPU: twice as much took 1.8 times as long a token at width 384."""
LEAST_ROWS_CPU, MOST_ROWS_CPU = 64, 1024
MOST_ROWS_GPU = 1024
CACHE_SHARE = 0.4
"""Of the memory beside the weights, for keys and values; a layer's are twice there while they grow."""
FACTOR_SHARE = 0.25


def rows_at_once(model: Model, n_tokens: int) -> int:
    """How many rows of ``n_tokens`` tokens have room for their keys and values, at least 1."""
    if model.device.type == "cuda":
        most = MOST_ROWS_GPU
    else:
        most = min(MOST_ROWS_CPU, max(LEAST_ROWS_CPU, CPU_WIDTHS // model.width))
    fitting = CACHE_SHARE * room_bytes(model) / (n_tokens * cache_bytes(model))
    return max(1, min(most, int(fitting)))


def stacks_at_once(model: Model, n_stacks: int, n_bytes: int) -> int:
    """How many stacks of ``n_bytes`` of factors each go on the device, in blocks of like size, at least 1."""
    most = max(1, min(n_stacks, int(FACTOR_SHARE * room_bytes(model) / max(n_bytes, 1))))
    n_blocks = -(-n_stacks // most)
    return -(-n_stacks // n_blocks)


def cache_bytes(model: Model) -> int:
    """Bytes of keys and values for one token of one row."""
    config: Any = model.trunk.config
    n_heads = config.num_attention_heads
    width = getattr(config, "head_dim", None) or model.width // n_heads
    n_kept = getattr(config, "num_key_value_heads", None) or n_heads
    size = next(model.module.parameters()).element_size()
    return int(2 * model.n_layers * n_kept * width * size)


def room_bytes(model: Model) -> int:
    """Memory of the model's device less the weights, in bytes; several count as the least of them does.

    Not what is free now: equal machines make equal batches, and equal batches the same rounding.
    """
    import psutil
    import torch

    weights: Counter[torch.device] = Counter()
    for value in model.module.parameters():
        weights[value.device] += value.numel() * value.element_size()
    total = int(psutil.virtual_memory().total)
    left = []
    for device, held in weights.items():
        on_gpu = device.type == "cuda"
        own = int(torch.cuda.get_device_properties(device).total_memory) if on_gpu else total
        left.append(own - held)
    return len(left) * min(left)
