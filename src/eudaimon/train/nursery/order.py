"""The rows of a run in the order in which it reads them, one ready batch at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from jaxtyping import Int

from eudaimon.core import UsageError
from eudaimon.train.tokens.order import order

if TYPE_CHECKING:
    from torch import Tensor

Batch = Mapping[str, "Tensor"]


class Rows(Protocol):
    """Rows of tokens that can be read many at a time."""

    def __len__(self) -> int:
        """The number of rows."""

    def batch(self, rows: Int[np.ndarray, "n"], *, masked: bool = True) -> Batch:
        """``input_ids`` and ``labels`` (-100: no loss) of these rows; ``masked`` false: all tokens count."""


class Order:
    """A data set for torch's loaders whose item ``i`` is the ``i``-th row that the run reads.

    Every epoch is a permutation of all rows that follows from ``(seed, epoch)``, so that a run reads the same
    rows at the same step however it is split over devices, accumulated or resumed. Rows of steps before
    ``mask_from_step`` come without their loss mask. Raises `UsageError` when there are no rows.
    """

    def __init__(
        self, rows: Rows, *, steps: int, batch_size: int, seed: int, mask_from_step: int = 0
    ) -> None:
        if len(rows) == 0:
            raise UsageError("there is nothing to train on: no rows", right="one document or chat at least")
        self.rows = rows
        self.length = steps * batch_size
        self.first_masked = mask_from_step * batch_size
        self.seed = seed
        self._epoch = -1
        self._permutation: Int[np.ndarray, "rows"] = np.empty(0, np.int64)

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Batch:
        return self.__getitems__([index])

    def __getitems__(self, indices: Sequence[int]) -> Batch:
        """The batch of these items, ready for the model: torch's loaders ask for a batch at once."""
        import torch

        asked = np.asarray(indices, np.int64)
        rows = self.row_numbers(asked)
        masked = asked >= self.first_masked
        if masked.all() or not masked.any():
            return self.rows.batch(rows, masked=bool(masked.all()))
        parts = [self.rows.batch(rows[~masked], masked=False), self.rows.batch(rows[masked])]
        return {key: torch.cat([part[key] for part in parts]) for key in parts[0]}

    def row_numbers(self, indices: Int[np.ndarray, "n"]) -> Int[np.ndarray, "n"]:
        """Which row each item is."""
        epochs, places = np.divmod(indices, len(self.rows))
        numbers = np.empty_like(places)
        for epoch in np.unique(epochs):
            chosen = epochs == epoch
            numbers[chosen] = self._permuted(int(epoch))[places[chosen]]
        return numbers

    def _permuted(self, epoch: int) -> Int[np.ndarray, "rows"]:
        if epoch != self._epoch:
            self._permutation = order(len(self.rows), self.seed, epoch)
            self._epoch = epoch
        return self._permutation


def ready(batch: Any) -> Any:
    """The batch as it is: `Order` hands out whole batches, so there is nothing to collate."""
    return batch
