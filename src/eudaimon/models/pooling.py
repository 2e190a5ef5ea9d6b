"""Pooling of one batch, as states that can be merged: a text may begin in a shared prefix and end in a row.

A state is a tuple of float32 tensors ``[m, d]``, one row per text. ``mean`` keeps the sum, ``max`` the
maximum, ``softmax`` the maximum, the sum of exponentials and their weighted sum, ``last`` the vector.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np
from jaxtyping import Bool, Int

from eudaimon.core import Pooling, UsageError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

State: TypeAlias = "tuple[Tensor, ...]"
POOLED: tuple[Pooling, ...] = ("mean", "last", "max", "softmax")


def check_poolings(pooling: Pooling | Sequence[Pooling]) -> tuple[Pooling, ...]:
    """The poolings as a tuple; raises `UsageError` for one that is unknown, repeated or ``all``."""
    poolings = cast("tuple[Pooling, ...]", (pooling,) if isinstance(pooling, str) else tuple(pooling))
    unknown = [name for name in poolings if name not in POOLED]
    if unknown or not poolings or len(set(poolings)) < len(poolings):
        raise UsageError(
            f"{', '.join(unknown) or 'this list'} cannot be used as pooling",
            right=f"different ones of {', '.join(POOLED)}",
            do="capture_tokens(...) for all tokens" if "all" in unknown else "",
        )
    return poolings


@dataclass(frozen=True, eq=False)
class Reading:
    """What is read from a batch: text ``j`` stands in row ``rows[j]``, its content in ``content[j]``.

    ``last[j]`` is its last position, clipped into the batch; ``n_rows`` the rows of the batch.
    """

    rows: Int[np.ndarray, "m"]
    content: Bool[np.ndarray, "m t"]
    last: Int[np.ndarray, "m"]
    n_rows: int
    device: torch.device

    @cached_property
    def direct(self) -> bool:
        """Whether text ``j`` is row ``j``."""
        return len(self.rows) == self.n_rows and bool((self.rows == np.arange(self.n_rows)).all())

    @cached_property
    def whole(self) -> bool:
        """Whether every token of the batch is content."""
        return self.direct and bool(self.content.all())

    @cached_property
    def index(self) -> tuple[Tensor, Tensor]:
        """Rows and last positions as tensors."""
        return self._tensor(self.rows), self._tensor(self.last)

    @cached_property
    def slots(self) -> tuple[Tensor, Tensor]:
        """Float mask ``[rows, k, t]`` of up to k texts a row, and the slot of each text in its row."""
        taken = np.zeros(self.n_rows, dtype=np.int64)
        slot = np.empty(len(self.rows), dtype=np.int64)
        for text, row in enumerate(self.rows):
            slot[text] = taken[row]
            taken[row] += 1
        mask = np.zeros((self.n_rows, int(taken.max()), self.content.shape[1]), dtype=np.float32)
        mask[self.rows, slot] = self.content
        return self._tensor(mask), self._tensor(slot)

    @cached_property
    def shares(self) -> Tensor:
        """The mask of `slots` over each text's number of tokens: what a mean weighs by; NaN without any."""
        mask, _ = self.slots
        return mask / mask.sum(dim=2, keepdim=True)

    @cached_property
    def outside(self) -> Tensor:
        """Boolean ``[m, t, 1]``: positions that are not content."""
        return self._tensor(~self.content[:, :, None])

    def _tensor(self, array: np.ndarray) -> Tensor:
        import torch

        return torch.from_numpy(array).to(self.device)

    def pool(self, hidden: Tensor, pooling: Pooling) -> State:
        """The state of one pooling over ``hidden`` ``[rows, t, d]``."""
        if pooling == "last":
            rows, last = self.index
            return (hidden[rows, last].float(),)
        if pooling == "mean":
            return (self._sum(hidden.float()),)
        hidden = hidden.float() if self.direct else hidden[self.index[0]].float()
        covered = hidden if self.whole else hidden.masked_fill(self.outside, -float("inf"))
        highest = covered.amax(dim=1)
        if pooling == "max":
            return (highest,)
        weights = (covered - highest[:, None]).exp_()
        return highest, weights.sum(dim=1), weights.mul_(hidden).sum(dim=1)

    def pooled(self, hidden: Tensor, pooling: Pooling, n_tokens: Tensor) -> Tensor:
        """The pooled vectors ``[rows, 1, d]`` of ``hidden`` ``[rows, t, d]``; text ``j`` is row ``j``."""
        import torch

        if pooling == "mean":
            # One product and nothing else: beside a small model's forward every call counts.
            return torch.bmm(self.shares, hidden)
        return finish(pooling, self.pool(hidden, pooling), n_tokens)[:, None]

    def _sum(self, hidden: Tensor) -> Tensor:
        import torch

        mask, slot = self.slots
        # One small product per row reads the batch once; it is never copied per text. Also where every token
        # counts: a reduction wakes all threads, 116 microseconds for 128 tokens of MiniLM against 34.
        summed = torch.bmm(mask, hidden)  # [rows, k, d]
        return summed[:, 0] if self.direct else summed[self.index[0], slot]


def merge(pooling: Pooling, before: State, after: State) -> State:
    """The state over tokens of which ``before`` saw the first and ``after`` the rest."""
    import torch

    if pooling == "last":
        return after
    if pooling == "mean":
        return (before[0] + after[0],)
    highest = torch.maximum(before[0], after[0])
    if pooling == "max":
        return (highest,)
    # A part without content has maximum -inf and weight 0.
    scales = [torch.nan_to_num((part[0] - highest).exp(), nan=0.0) for part in (before, after)]
    sums = [
        torch.nan_to_num(before[k], nan=0.0) * scales[0] + torch.nan_to_num(after[k], nan=0.0) * scales[1]
        for k in (1, 2)
    ]
    return highest, sums[0], sums[1]


def finish(pooling: Pooling, state: State, n_tokens: Tensor) -> Tensor:
    """The pooled vectors ``[m, d]``; NaN where a text has no content tokens (``last`` excepted)."""
    import torch

    if pooling == "last":
        return state[0]
    if pooling == "mean":
        return state[0] / n_tokens[:, None]
    empty = (n_tokens == 0)[:, None]
    value = state[0] if pooling == "max" else state[2] / state[1]
    return torch.where(empty, float("nan"), value)
