"""Whom requests are put to: a language model that replies, wherever it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from eudaimon.evaluate.judging.request import Request
from eudaimon.evaluate.judging.verdict import Reply

Told = Callable[[int, "Reply | str"], bool]
"""Called with the index of a request and its reply, or why there is none; False ends the asking."""


class Asker(Protocol):
    """A language model that can be asked."""

    @property
    def name(self) -> str:
        """The model, as rows and prices name it: the same name gives the same replies."""

    def ask(self, requests: Sequence[Request], told: Told) -> None:
        """Put all requests, in any order, and tell of each reply as it comes."""
