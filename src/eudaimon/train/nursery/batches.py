"""Whole batches read from a token set at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Int

from eudaimon.core import UsageError
from eudaimon.train.nursery.order import IGNORED, Batch
from eudaimon.train.nursery.recipes import PretrainRecipe
from eudaimon.train.tokens.pack import Rows as Packed
from eudaimon.train.tokens.pack import pack

if TYPE_CHECKING:
    from eudaimon.train.tokens.token_set import TokenSet


@dataclass(frozen=True)
class TokenRows:
    """The rows of `pack`, gathered a batch at a time and cut to the batch's longest row.

    Gives what ``Packed.arrays`` gives, less the padding that all rows of a batch share and the attention
    mask, which causal models do not need for padding on the right.
    """

    packed: Packed

    def __len__(self) -> int:
        return len(self.packed)

    def batch(self, rows: Int[np.ndarray, "n"], *, masked: bool = True) -> Batch:
        """``input_ids``, ``labels`` and, for packed documents, ``position_ids`` of these rows (int64)."""
        import torch

        return {name: torch.from_numpy(array) for name, array in self.arrays(rows, masked=masked).items()}

    def arrays(
        self, rows: Int[np.ndarray, "n"], *, masked: bool = True
    ) -> dict[str, Int[np.ndarray, "n length"]]:
        """The same as arrays; ``masked`` false gives labels as if no token were masked."""
        plan, tokens = self.packed.pieces, self.packed.tokens
        n_pieces = plan.rows[rows + 1] - plan.rows[rows]
        first_piece = _starts(n_pieces)
        row_of = np.repeat(np.arange(len(rows)), n_pieces)
        pieces = np.repeat(plan.rows[rows] - first_piece, n_pieces) + np.arange(len(row_of))
        lengths = plan.lengths[pieces]
        first_token = _starts(lengths)
        # Where each token stands: in the set, in its row, in its piece.
        inside = np.arange(int(lengths.sum())) - np.repeat(first_token, lengths)
        source = np.repeat(plan.starts[pieces], lengths) + inside
        begins = first_token - first_token[first_piece][row_of]
        column = np.repeat(begins, lengths) + inside
        row = np.repeat(row_of, lengths)

        shape = (len(rows), max(2, int(column.max()) + 1))
        ids = np.full(shape, tokens.manifest.pad, np.int64)
        labels = np.full(shape, IGNORED, np.int64)
        found = tokens.tokens[source].astype(np.int64)
        # Nothing of the same document stands before the first token of a document or of a row.
        learned = (column > 0) & ~(np.repeat(plan.opens[pieces], lengths) & (inside == 0))
        if masked:
            learned &= tokens.loss[source] > 0
        ids[row, column] = found
        labels[row, column] = np.where(learned, found, IGNORED)
        if self.packed.mode != "packed":
            return {"input_ids": ids, "labels": labels}
        ends = np.zeros(len(rows), np.int64)
        np.add.at(ends, row_of, lengths)
        # Padding counts from zero, like a document of its own.
        positions = np.arange(shape[1]) - ends[:, None]
        positions[row, column] = inside
        return {"input_ids": ids, "labels": labels, "position_ids": positions}


def token_rows(tokens: TokenSet, recipe: PretrainRecipe, tokenizer: Any) -> TokenRows:
    """The rows of a recipe's length and packing.

    Raises `BindingMismatch` when another tokenizer made the tokens and `UsageError` when no token is learned.
    """
    tokens.require_tokenizer(tokenizer)
    if tokens.manifest.counts.loss_tokens == 0:
        raise UsageError(
            f"no token in {tokens.folder} is learned: the loss mask covers all", right="some text outside it"
        )
    return TokenRows(pack(tokens, recipe.context, mode=recipe.packing, attention_mask=False))


def _starts(lengths: Int[np.ndarray, "n"]) -> Int[np.ndarray, "n"]:
    starts: np.ndarray = np.cumsum(lengths) - lengths
    return starts
