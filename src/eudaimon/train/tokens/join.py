"""One token set of several: shards that were written apart, each by its own process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from eudaimon.core.errors import BindingMismatch, UsageError
from eudaimon.train.tokens.storage import token_writer
from eudaimon.train.tokens.token_set import TokenSet


def join_tokens(sets: Sequence[TokenSet], folder: str | Path) -> TokenSet:
    """The documents of all sets, in order, as one set in ``folder``; reads a stretch at a time.

    A corpus that takes long to tokenize is written shard by shard: a shard that opens is whole, and only
    those that do not are written again. Raises `UsageError` without sets, when ``folder`` is one of theirs,
    and `BindingMismatch` when they were made by different tokenizers.
    """
    folder = Path(folder)
    if not sets:
        raise UsageError("there is no token set to join", right="one or more")
    if any(part.folder.resolve() == folder.resolve() for part in sets):
        raise UsageError(f"{folder} is one of the sets to join", right="a folder of its own")
    first = sets[0].manifest
    for part in sets[1:]:
        if part.tokenizer_hash != first.tokenizer:
            raise BindingMismatch(
                f"{part.folder} was made with tokenizer {part.tokenizer_hash}, "
                f"{sets[0].folder} with {first.tokenizer}",
                right="token sets of one tokenizer",
            )
    with token_writer(
        folder, tokenizer=first.tokenizer, vocabulary=first.vocabulary, pad=first.pad
    ) as writer:
        for part in sets:
            writer.extend(part)
    return TokenSet.open(folder)
