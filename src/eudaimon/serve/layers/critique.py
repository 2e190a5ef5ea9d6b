"""A model asked whether a text breaks a short constitution."""

from __future__ import annotations

from typing import Literal

from eudaimon.core import Text
from eudaimon.serve.layers.asks import Ask, ServedModel
from eudaimon.serve.layers.opinion import Opinion
from eudaimon.serve.layers.request import (
    Constitution,
    critique_request,
    packaged_constitution,
    read_critique,
)
from eudaimon.serve.second import Side


class Critique:
    """A `Critic` that asks a model; the last verdict line of its answer counts.

    The text is untrusted: it is fenced with a code that depends on itself, and verdicts, fences, chat markers
    and unseen characters in it are made harmless.
    """

    layer: Literal["critique"] = "critique"

    def __init__(self, ask: Ask, constitution: Constitution | None = None) -> None:
        self._ask = ask
        self.constitution = constitution or packaged_constitution()

    @property
    def name(self) -> str:
        """The model and the hash of its constitution."""
        return f"critique by {getattr(self._ask, 'name', 'a model')} (constitution {self.constitution.hash})"

    async def opine(self, text: Text, side: Side) -> Opinion:
        """What the model says: allowed, blocked for a principle, or unsure."""
        turns = critique_request(text, side, self.constitution)
        return read_critique(await self._ask(turns), self.constitution)

    async def close(self) -> None:
        """Close the connections of a model behind a URL."""
        if isinstance(self._ask, ServedModel):
            await self._ask.close()
