"""From a token set to rows of one length, as a model is trained on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np
from jaxtyping import Int

from eudaimon.core.errors import UsageError
from eudaimon.train.tokens import pieces
from eudaimon.train.tokens.pieces import Pieces
from eudaimon.train.tokens.token_set import TokenSet

if TYPE_CHECKING:
    from torch import Tensor

IGNORED = -100
"""The label that transformers' losses leave out."""

PackMode: TypeAlias = Literal["documents", "packed", "stream"]


@dataclass(frozen=True)
class Rows:
    """Rows of ``length`` tokens, a dataset for transformers' Trainer; made by `pack`."""

    tokens: TokenSet
    pieces: Pieces
    length: int
    mode: PackMode
    with_attention_mask: bool = True

    def __len__(self) -> int:
        return len(self.pieces.rows) - 1

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[dict[str, Tensor]]:
        """Several rows, as a data loader asks for them."""
        import torch

        batch = {name: torch.from_numpy(array) for name, array in self.arrays(indices).items()}
        return [{name: array[i] for name, array in batch.items()} for i in range(len(indices))]

    def arrays(self, indices: Sequence[int]) -> dict[str, Int[np.ndarray, "batch length"]]:
        """The same rows as arrays (int64), without torch; raises `IndexError` outside the rows."""
        shape = (len(indices), self.length)
        ids = np.full(shape, self.tokens.manifest.pad, np.int64)
        labels = np.full(shape, IGNORED, np.int64)
        positions = np.zeros(shape, np.int64)
        filled = np.zeros(shape, np.int64)
        for row, index in enumerate(indices):
            self._fill(int(index), ids[row], labels[row], positions[row], filled[row])
        if self.mode == "packed":
            # Without an attention mask: only then does transformers keep documents apart by their positions.
            return {"input_ids": ids, "labels": labels, "position_ids": positions}
        if not self.with_attention_mask:
            return {"input_ids": ids, "labels": labels}
        return {"input_ids": ids, "labels": labels, "attention_mask": filled}

    def _fill(
        self,
        index: int,
        ids: Int[np.ndarray, "length"],
        labels: Int[np.ndarray, "length"],
        positions: Int[np.ndarray, "length"],
        filled: Int[np.ndarray, "length"],
    ) -> None:
        if not -len(self) <= index < len(self):
            raise IndexError(f"row {index} of {len(self)}")
        plan, column = self.pieces, 0
        row = index % len(self)
        for piece in range(plan.rows[row], plan.rows[row + 1]):
            start, n = int(plan.starts[piece]), int(plan.lengths[piece])
            end = column + n
            ids[column:end] = self.tokens.tokens[start : start + n]
            learned = self.tokens.loss[start : start + n].astype(bool)
            # What comes before is another document, or nothing.
            learned[0] &= column > 0 and not plan.opens[piece]
            labels[column:end] = np.where(learned, ids[column:end], IGNORED)
            positions[column:end] = np.arange(n)
            column = end
        positions[column:] = np.arange(self.length - column)
        filled[:column] = 1


def pack(
    tokenset: TokenSet,
    length: int,
    *,
    mode: PackMode = "documents",
    seed: int | None = None,
    attention_mask: bool = True,
) -> Rows:
    """Rows of ``length`` tokens that hold every token of the set exactly once.

    - ``documents``: one document a row, padded on the right; a longer one goes on in the next row.
    - ``packed``: whole documents together by best fit, their ``position_ids`` starting again at 0. Models of
      transformers then let no document see another, provided that the batch has no attention mask and
      ``use_cache=False``.
    - ``stream``: documents end to end, cut every ``length`` tokens; only the last row is padded. What stands
      before a document in its row is visible to it.

    Each row gives ``input_ids``, ``labels`` and, by mode, ``attention_mask`` or ``position_ids``, all int64.
    A label is -100 for padding, for a masked token, for the first token of a row and for the first token of a
    document: nothing of the same document stands before it. Causal models need no ``attention_mask`` for
    padding on the right; without one (``attention_mask=False``) they take their quicker path.

    ``seed`` shuffles the documents first; without it rows keep the order of the set (``packed``: within 1,024
    documents). Raises `UsageError` on an unknown mode and on a length under 2.
    """
    modes = {"documents": pieces.one_a_row, "packed": pieces.packed, "stream": pieces.stream}
    if mode not in modes:
        raise UsageError(f"there is no packing {mode!r}", right=", ".join(get_args(PackMode)))
    if length < 2:
        raise UsageError(f"rows of {length} tokens have nothing to predict", right="a length of 2 or more")
    plan = modes[mode](tokenset.ends, length, seed)
    return Rows(tokenset, plan, length, mode, attention_mask)
