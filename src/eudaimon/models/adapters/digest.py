"""Whether weights moved: one number over the exact bits of many tensors, at the speed of memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

CHUNK = 1 << 22


def digest(tensors: Iterable[tuple[str, Tensor]]) -> str:
    """16 hex digits over names, types, shapes and bits: any single changed weight changes it.

    Computed where the tensors lie, as two wrapping 64-bit sums of each tensor (plain, and weighted by
    position): hashing 15 GB on the processor would take longer than loading them. It finds accidents, not
    forgeries. Tensors that several processes hold in parts count as the whole; all of them call this then.
    """
    found = hashlib.sha256()
    for name, tensor in sorted(tensors, key=lambda pair: pair[0]):
        plain, weighted = _sums(whole(tensor))
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)} {plain} {weighted};".encode())
    return found.hexdigest()[:16]


def whole(tensor: Tensor) -> Tensor:
    """The tensor itself, or put together from the parts that several processes hold (FSDP)."""
    import torch

    with torch.no_grad():
        return tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor


def _sums(tensor: Tensor) -> tuple[int, int]:
    import torch

    integers = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
    bits = tensor.detach().contiguous().view(-1).view(integers[tensor.element_size()])
    plain = torch.zeros((), dtype=torch.int64, device=bits.device)
    weighted = torch.zeros_like(plain)
    for start in range(0, len(bits), CHUNK):
        part = bits[start : start + CHUNK].to(torch.int64)
        order = torch.arange(start + 1, start + 1 + len(part), device=bits.device)
        plain += part.sum()
        weighted += (part * order).sum()
    return int(plain), int(weighted)
