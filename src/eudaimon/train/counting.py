"""How many tokens lie in stretches of texts, from a function that counts whole texts only."""

from __future__ import annotations

from collections.abc import Sequence

from eudaimon.core.errors import UsageError
from eudaimon.train.arm import CountTokens
from eudaimon.train.spans import Spans, without


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
    """Tokens that each text has more than it would have without its spans.

    Exact where no token crosses a span's edge, as in a word-level vocabulary; else one off for each edge.
    """
    some = [k for k, found in enumerate(spans) if found]
    whole = counts([texts[k] for k in some], count_tokens)
    rest = counts([without(texts[k], spans[k]) for k in some], count_tokens)
    result = [0] * len(texts)
    for k, n, left in zip(some, whole, rest, strict=True):
        result[k] = max(n - left, 0)
    return result
