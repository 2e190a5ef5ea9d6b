"""How many tokens lie in stretches of texts, from a function that counts whole texts only."""

from __future__ import annotations

from collections.abc import Sequence

from eudaimon.core.errors import UsageError
from eudaimon.train.arm import CountTokens
from eudaimon.train.spans import Spans


def counts(texts: Sequence[str], count_tokens: CountTokens) -> list[int]:
    """The number of tokens of each text; raises `UsageError` when there is not one count >= 0 for each."""
    found = [int(n) for n in count_tokens(texts)] if texts else []
    if len(found) != len(texts) or min(found, default=0) < 0:
        raise UsageError(
            f"count_tokens gave {len(found)} counts for {len(texts)} texts",
            right="one count for each text",
            do="count_tokens=lambda texts: [len(ids) for ids in tokenizer(list(texts))['input_ids']]",
        )
    return found


def tokens_in(texts: Sequence[str], spans: Sequence[Spans], count_tokens: CountTokens) -> list[int]:
    """Tokens in the spans of each text, counted as texts of their own (less what an empty text has).

    Exact where no token crosses a span's edge, as in a word-level vocabulary; else one off for each edge.
    """
    said = [[text[start:end] for start, end in found] for text, found in zip(texts, spans, strict=True)]
    distinct = sorted({part for parts in said for part in parts})
    alone, *sizes = counts(["", *distinct], count_tokens)
    size = {part: max(n - alone, 0) for part, n in zip(distinct, sizes, strict=True)}
    return [sum(size[part] for part in parts) for parts in said]
