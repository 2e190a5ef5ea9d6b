"""From character spans to tokens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Int

from eudaimon.core.errors import UsageError


def token_mask(
    text: str, spans: Sequence[tuple[int, int]], offsets: Int[np.ndarray, "n 2"] | Sequence[tuple[int, int]]
) -> Bool[np.ndarray, "n"]:
    """Which tokens are masked, that is, not learned as a target: True where a token overlaps a span.

    ``spans`` are character spans ``[start, end)`` of ``text`` in any order, ``offsets`` the character span of
    each token. A token that a span covers in part is masked whole; an empty span masks nothing.

    A token without characters (BOS and EOS from the tokenizer's template, a piece that the normaliser made
    from nothing) goes with its neighbours: it is masked when the nearest tokens with characters, before and
    after, as far as there are any, are all masked. So the end of a masked speech that ends the text is masked
    with it, and a text without a masked character has no masked token. Raises `UsageError` on a span outside
    the text.
    """
    edges, offsets = np.asarray(spans, np.int64).reshape(-1, 2), np.asarray(offsets, np.int64).reshape(-1, 2)
    _require_within(text, edges)
    return masks(edges, offsets, np.zeros(len(offsets), np.int64))


def _require_within(text: str, edges: Int[np.ndarray, "spans 2"]) -> None:
    if len(edges) and (edges.min() < 0 or edges.max() > len(text)):
        raise UsageError(
            f"the spans reach from {edges.min()} to {edges.max()}, the text has {len(text)} characters",
            right="spans [start, end) in code points of the text",
        )


def token_masks(
    texts: Sequence[str],
    spans: Sequence[Sequence[tuple[int, int]]],
    offsets: Sequence[Sequence[tuple[int, int]]],
) -> list[Bool[np.ndarray, "n"]]:
    """`token_mask` of each text, computed together: of short texts the calls cost more than the work."""
    if not texts:
        return []
    # A character apart, so that no token or span touches one of another text.
    begins = np.cumsum([0, *(len(text) + 1 for text in texts[:-1])], dtype=np.int64)
    edges, laid = ([np.asarray(own, np.int64).reshape(-1, 2) for own in each] for each in (spans, offsets))
    for text, own in zip(texts, edges, strict=True):
        _require_within(text, own)
    sizes = np.array([len(own) for own in laid])
    placed, moved = (
        np.concatenate([own + begin for own, begin in zip(each, begins, strict=True)])
        for each in (edges, laid)
    )
    found = masks(placed, moved, np.repeat(np.arange(len(texts)), sizes))
    return np.split(found, np.cumsum(sizes)[:-1])


def masks(
    spans: Int[np.ndarray, "spans 2"], offsets: Int[np.ndarray, "n 2"], text: Int[np.ndarray, "n"]
) -> Bool[np.ndarray, "n"]:
    """`token_mask` for many texts laid end to end, at least a character apart; token i is of ``text[i]``."""
    start, end = offsets[:, 0], offsets[:, 1]
    edges = spans[spans[:, 0] < spans[:, 1]]
    edges = edges[np.argsort(edges[:, 0], kind="stable")]
    # The first span that ends after the token's start is the only one that has to be looked at: with the
    # running maximum of the ends, all before it end too early, and all after it start later.
    first = np.searchsorted(np.maximum.accumulate(edges[:, 1]), start, side="right")
    starts = np.append(edges[:, 0], np.iinfo(np.int64).max)
    return _with_neighbours((starts[first] < end) & (start < end), start == end, text)


def _with_neighbours(
    masked: Bool[np.ndarray, "n"], empty: Bool[np.ndarray, "n"], text: Int[np.ndarray, "n"]
) -> Bool[np.ndarray, "n"]:
    real, gaps = np.flatnonzero(~empty), np.flatnonzero(empty)
    taken = masked.copy()
    if len(gaps) and len(real):
        after = np.searchsorted(real, gaps)
        sides = real[np.maximum(after - 1, 0)], real[np.minimum(after, len(real) - 1)]
        before, behind = (text[side] == text[gaps] for side in sides)
        taken[gaps] = (before | behind) & (masked[sides[0]] | ~before) & (masked[sides[1]] | ~behind)
    return taken
