"""Whole batches read from a token set at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Int

from eudaimon.core import UsageError
from eudaimon.train.nursery.order import Batch
from eudaimon.train.nursery.recipes import PretrainRecipe
from eudaimon.train.tokens.pack import Rows as Packed
from eudaimon.train.tokens.pack import pack

if TYPE_CHECKING:
    from eudaimon.train.tokens.token_set import TokenSet


@dataclass(frozen=True)
class TokenRows:
    """The rows of `pack` as whole batches, each cut to its longest row.

    `token_rows` packs without the attention mask, which causal models do not need for padding on the right.
    """

    packed: Packed

    def __len__(self) -> int:
        return len(self.packed)

    def batch(self, rows: Int[np.ndarray, "n"], *, masked: bool = True) -> Batch:
        """``input_ids``, ``labels`` and, for packed documents, ``position_ids`` of these rows (int64)."""
        import torch

        arrays = self.packed.arrays(rows, masked=masked, trimmed=True)
        return {name: torch.from_numpy(array) for name, array in arrays.items()}


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
