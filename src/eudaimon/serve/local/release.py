"""The text of one answer as it grows, of which only that goes out which may."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eudaimon.models.stream import MOST_UNFINISHED, UNFINISHED
from eudaimon.serve.asked import Piece

Likelihood = tuple[str, float, tuple[tuple[str, float], ...]]
"""A token's text, its natural log-probability, and the likeliest at its place with theirs."""


class Release:
    """Tokens in, pieces of text out: whole characters of tokens that may go, before any stop string.

    Together the pieces are what `generate` gives, up to the first stop string, which is never sent, nor what
    may become one.
    """

    def __init__(self, tokenizer: Any, stop: Sequence[str] = ()) -> None:
        self._tokenizer = tokenizer
        self._stop = tuple(filter(None, stop))
        self.tokens: list[int] = []
        self.likelihoods: list[Likelihood] = []
        self.text = ""
        self._settled = [0]
        self._told = 0
        self._n_told = 0
        self._cut: int | None = None

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def stopped(self) -> bool:
        """Whether a stop string was said."""
        return self._cut is not None

    @property
    def said(self) -> str:
        """The text up to the first stop string."""
        return self.text[: self._cut]

    @property
    def sent(self) -> int:
        """How many tokens were sent, also in part."""
        return sum(end < self._told for end in self._settled[:-1]) if self._told else 0

    @property
    def tokens_needed(self) -> int:
        """How many tokens the text before the stop string takes; all of them without one."""
        if self._cut is None:
            return len(self.tokens)
        return next(n for n, end in enumerate([*self._settled[:-1], len(self.text)]) if end >= self._cut)

    def add(self, token: int, likelihood: Likelihood | None = None) -> None:
        """One more token."""
        self.tokens.append(token)
        if likelihood is not None:
            self.likelihoods.append(likelihood)
        self.text = self._tokenizer.decode(self.tokens, skip_special_tokens=True)
        # Byte-level tokens cut characters: the end may still turn into another one.
        open_end = min(len(self.text) - len(self.text.rstrip(UNFINISHED)), MOST_UNFINISHED)
        self._settled.append(max(len(self.text) - open_end, self._settled[-1]))
        if self._stop and self._cut is None:
            places = (self.text.find(stop) for stop in self._stop)
            self._cut = min((place for place in places if place >= 0), default=None)

    def piece(self, n_passed: int, *, ended: bool = False) -> Piece | None:
        """What may go out now that the first ``n_passed`` tokens passed; None where it is nothing new.

        ``ended``: no token follows, so that what looked like the beginning of a stop string goes too.
        """
        limit = self._settled[min(n_passed, len(self.tokens))]
        if ended and n_passed >= self.tokens_needed:
            limit = len(self.text)
        if self._cut is not None:
            limit = min(limit, self._cut)
        elif not ended:
            limit = min(limit, self._before_stop())
        if limit <= self._told:
            return None
        text, self._told = self.text[self._told : limit], limit
        begin = self._n_told
        while self._n_told < len(self.tokens) and self._settled[self._n_told + 1] <= limit:
            self._n_told += 1
        if ended and limit >= len(self.said):
            self._n_told = self.tokens_needed
        return Piece(text, tuple(self.likelihoods[begin : self._n_told]))

    def rewind(self) -> None:
        """Forget the tokens of which nothing was sent, and any stop string."""
        n = self.sent
        del self.tokens[n:], self.likelihoods[n:], self._settled[n + 1 :]
        self._settled[n] = max(self._settled[n], self._told)
        self.text = self._tokenizer.decode(self.tokens, skip_special_tokens=True) if n else ""
        self._cut, self._n_told = None, min(self._n_told, n)

    def _before_stop(self) -> int:
        """The characters in front of what may become a stop string."""
        place = len(self.text)
        for stop in self._stop:
            for size in range(min(len(stop) - 1, len(self.text)), 0, -1):
                if self.text.endswith(stop[:size]):
                    place = min(place, len(self.text) - size)
                    break
        return place
