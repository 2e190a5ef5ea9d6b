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

    def arrays(
        self, indices: Sequence[int] | Int[np.ndarray, "batch"], *, masked: bool = True, trimmed: bool = False
    ) -> dict[str, Int[np.ndarray, "batch length"]]:
        """The same rows as arrays (int64), without torch; raises `IndexError` outside the rows.

        ``masked`` false gives labels as if no token were masked; ``trimmed`` leaves out the padding that all
        of these rows share.
        """
        found = self.pieces.places(self._numbers(indices))
        widest = int(found.lengths.max(initial=0))
        # Losses shift by one: a batch of one column has nothing to predict.
        shape = (len(found.lengths), max(2, widest) if trimmed else self.length)
        ids = np.full(shape, self.tokens.manifest.pad, np.int64)
        labels = np.full(shape, IGNORED, np.int64)
        tokens = self.tokens.tokens[found.source].astype(np.int64)
        # Nothing of the same document stands before the first token of a document or of a row.
        learned = (found.column > 0) & ~found.opens
        if masked:
            learned &= self.tokens.loss[found.source] > 0
        ids[found.row, found.column] = tokens
        labels[found.row, found.column] = np.where(learned, tokens, IGNORED)
        batch = {"input_ids": ids, "labels": labels}
        behind = np.arange(shape[1]) - found.lengths[:, None]
        if self.mode == "packed":
            # Without an attention mask: only then does transformers keep documents apart by their positions.
            # Padding counts from zero, like a document of its own.
            behind[found.row, found.column] = found.inside
            batch["position_ids"] = behind
        elif self.with_attention_mask:
            batch["attention_mask"] = (behind < 0).astype(np.int64)
        return batch

    def _numbers(self, indices: Sequence[int] | Int[np.ndarray, "batch"]) -> Int[np.ndarray, "batch"]:
        """Numbers of rows, where negative ones count from the end."""
        rows = np.asarray(indices, np.int64)
        outside = rows[(rows < -len(self)) | (rows >= len(self))]
        if len(outside):
            raise IndexError(f"row {outside[0]} of {len(self)}")
        return rows % max(1, len(self))


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
