"""One token a row drawn from its logits: by temperature, nucleus and a number in [0, 1) of the row's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jaxtyping import Float, Int

if TYPE_CHECKING:
    from torch import Tensor

HEADS = (32, 128, 2048)
"""Tokens that are sorted first, and next for rows whose draw lies deeper: sorting all 151,936 of a large
vocabulary took six times as long as the first 128."""
NUMBERS_AT_ONCE = 1 << 18
"""Of rows times vocabulary: what is made on the way stays in the processor's cache."""


def draw(
    logits: Float[Tensor, "rows vocab"],
    temperature: float,
    top_p: float,
    drawn: Float[Tensor, "rows"],
) -> Int[Tensor, "rows"]:
    """The token of each row at which the mass of its tokens, likeliest first, passes the row's number.

    ``drawn`` are float64 in [0, 1), ``temperature`` is above 0, and the mass is that of the smallest set of
    tokens with ``top_p`` of it. Equally likely tokens stand in the order of their numbers, so that rows draw
    the same wherever they stand. Computed where the logits lie if that is a CUDA device, else on the CPU.
    """
    import torch

    if not logits.is_cuda:
        logits = logits.cpu()  # not every device has float64
    drawn = drawn.to(logits.device)
    size = max(1, NUMBERS_AT_ONCE // logits.shape[-1])
    parts = [
        _draw(some, temperature, top_p, own)
        for some, own in zip(torch.split(logits, size), torch.split(drawn, size), strict=True)
    ]
    return torch.cat(parts)


def _draw(logits: Tensor, temperature: float, top_p: float, drawn: Tensor) -> Tensor:
    import torch

    shares = logits.double()
    if temperature != 1:
        shares = shares / temperature
    shares = shares.softmax(dim=-1)
    token = torch.empty(len(shares), dtype=torch.int64, device=shares.device)
    rest = torch.arange(len(shares), device=shares.device)
    for size in HEADS:
        if size >= shares.shape[-1] or not len(rest):
            break
        some = shares if len(rest) == len(shares) else shares[rest]
        found, known = _from_head(some, size, top_p, drawn[rest])
        token[rest[known]] = found[known]
        rest = rest[~known]
    if len(rest):
        ordered, order = shares[rest].sort(dim=-1, descending=True, stable=True)
        token[rest] = _from_sorted(ordered, order, top_p, drawn[rest])
    return token


def _from_head(shares: Tensor, size: int, top_p: float, drawn: Tensor) -> tuple[Tensor, Tensor]:
    """The token of each row, and whether it is one of the ``size`` likeliest: others mean nothing."""
    import torch

    order = shares.topk(size, dim=-1).indices
    head = shares.gather(1, order)
    total = head.cumsum(dim=-1)
    kept = (head * (total - head < top_p)).cumsum(dim=-1)
    whole = shares.sum(dim=-1, keepdim=True) if top_p == 1 else kept[:, -1:]
    place = (kept < drawn[:, None] * whole).sum(dim=-1)
    known = place < size
    if top_p < 1:
        known &= total[:, -1] >= top_p
    place = place.clamp(max=size - 1)[:, None]
    token = order.gather(1, place)[:, 0]
    # `topk` promises no order among equals, and may hold some of them only: their numbers decide.
    value = head.gather(1, place)
    twins = torch.nonzero(known & (((head == value).sum(dim=-1) > 1) | (place == size - 1)[:, 0]))[:, 0]
    if len(twins):
        equal = shares[twins] == value[twins]
        nth = place[twins] - (head[twins] > value[twins]).sum(dim=-1, keepdim=True)
        token[twins] = ((equal.cumsum(dim=-1) == nth + 1) & equal).int().argmax(dim=-1)
    return token, known


def _from_sorted(shares: Tensor, order: Tensor, top_p: float, drawn: Tensor) -> Tensor:
    total = shares.cumsum(dim=-1)
    # The first token always stays; after it those that begin below the mass.
    kept = (shares * (total - shares < top_p)).cumsum(dim=-1)
    place = (kept < drawn[:, None] * kept[:, -1:]).sum(dim=-1).clamp(max=shares.shape[-1] - 1)
    token: Tensor = order.gather(1, place[:, None])[:, 0]
    return token
