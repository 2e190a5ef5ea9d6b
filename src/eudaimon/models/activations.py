"""What capture returns: pooled activations, or the activations of every content token."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from eudaimon.core import Binding, Pooling, Site, UsageError


@dataclass(frozen=True, eq=False)
class Activations:
    """Pooled residual-stream activations of n texts, in the order in which the texts were given.

    ``values[i, s, p]`` is text i at ``sites[s]`` under ``poolings[p]``, float32. ``n_tokens`` counts content
    tokens (template and special tokens excluded); ``truncated`` marks texts that were cut to the context.
    """

    sites: tuple[Site, ...]
    poolings: tuple[Pooling, ...]
    values: Float[np.ndarray, "n sites poolings d"]
    n_tokens: Int[np.ndarray, "n"]
    truncated: Bool[np.ndarray, "n"]
    binding: Binding

    def __len__(self) -> int:
        return len(self.values)

    def at(self, site: Site | int, pooling: Pooling | None = None) -> Float[np.ndarray, "n d"]:
        """The activations at one site under one pooling (the first when not named)."""
        site = Site(site) if isinstance(site, int) else site
        pooling = pooling or self.poolings[0]
        if site not in self.sites or pooling not in self.poolings:
            have = f"sites {', '.join(map(str, self.sites))} and poolings {', '.join(self.poolings)}"
            raise UsageError(
                f"site {site} with pooling {pooling} was not captured", right=f"captured: {have}"
            )
        return self.values[:, self.sites.index(site), self.poolings.index(pooling)]

    def take(self, rows: Int[np.ndarray, "m"] | Bool[np.ndarray, "n"]) -> Activations:
        """The chosen rows, by index or by mask."""
        return Activations(
            self.sites,
            self.poolings,
            self.values[rows],
            self.n_tokens[rows],
            self.truncated[rows],
            self.binding,
        )


@dataclass(frozen=True, eq=False)
class TokenActivations:
    """Activations of every content token of n texts: text i owns rows ``offsets[i]`` to ``offsets[i + 1]``.

    ``values[t, s]`` is token t at ``sites[s]``, float32; ``spans[t]`` its code points ``[start, end)`` in the
    plain text of its text (empty spans for tokens without characters), ``token_ids[t]`` its id.
    """

    sites: tuple[Site, ...]
    values: Float[np.ndarray, "tokens sites d"]
    offsets: Int[np.ndarray, "n+1"]
    token_ids: Int[np.ndarray, "tokens"]
    spans: Int[np.ndarray, "tokens 2"]
    binding: Binding

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def text(self, index: int) -> Float[np.ndarray, "t sites d"]:
        """The tokens of one text."""
        return self.values[self.offsets[index] : self.offsets[index + 1]]

    def __iter__(self) -> Iterator[Float[np.ndarray, "t sites d"]]:
        return (self.text(index) for index in range(len(self)))

    def mean_within(self, spans: Sequence[tuple[int, int]]) -> Activations:
        """The mean over the tokens of each text that lie in its span, as ``mean`` pools them: an answer, say.

        ``spans[i]`` are code points ``[start, end)`` of text i's plain text; a token counts that shares a
        character with it. A text without such a token gives NaN and ``n_tokens`` 0, and no text is marked as
        truncated: what was cut off has no token. Raises `UsageError` unless there is one span a text.
        """
        if len(spans) != len(self):
            raise UsageError(f"{len(spans)} spans for {len(self)} texts", right="one span a text")
        n = len(self)
        values = np.full((n, len(self.sites), 1, self.values.shape[2]), np.nan, dtype=np.float32)
        counts = np.zeros(n, dtype=np.int64)
        for i, (start, end) in enumerate(spans):
            own = self.spans[self.offsets[i] : self.offsets[i + 1]]
            inside = (own[:, 0] < end) & (own[:, 1] > start)
            counts[i] = inside.sum()
            if counts[i]:
                values[i, :, 0] = self.text(i)[inside].mean(axis=0)
        return Activations(self.sites, ("mean",), values, counts, np.zeros(n, dtype=bool), self.binding)
