"""Caches of keys and values padded on the left: joined row by row, and cut where no row needs them.

For caches of `can_share` models: full layers hold all columns, sliding ones the last of them.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


def joined(first: Any, second: Any) -> Any:
    """A cache of the rows of both, the second's behind; what is shorter is filled on the left.

    Filled places must be masked. Neither cache may be used any more.
    """
    import torch

    made = copy.copy(first)
    made.layers = []
    for one, other in zip(first.layers, second.layers, strict=True):
        layer = copy.copy(one)
        if one.is_initialized:
            width = max(one.keys.shape[-2], other.keys.shape[-2])
            layer.keys = torch.cat([_filled(one.keys, width), _filled(other.keys, width)])
            layer.values = torch.cat([_filled(one.values, width), _filled(other.values, width)])
            if layer.is_sliding:
                layer.cumulative_length = max(one.cumulative_length, other.cumulative_length)
        made.layers.append(layer)
    return made


def cut(cache: Any, n: int) -> None:
    """Take the first ``n`` columns away, in place."""
    for layer in cache.layers:
        if layer.is_initialized:
            kept = min(layer.get_seq_length() - n, layer.keys.shape[-2])
            layer.keys, layer.values = layer.keys[..., -kept:, :], layer.values[..., -kept:, :]
            if layer.is_sliding:
                layer.cumulative_length -= n


def _filled(states: Tensor, width: int) -> Tensor:
    import torch

    return torch.nn.functional.pad(states, (0, 0, width - states.shape[-2], 0))
