"""What a layer behind the monitor says of a text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

from eudaimon.core import EudaimonError, Text
from eudaimon.serve.second import Side


class NoOpinion(EudaimonError):
    """A layer could not say anything; ``down`` when that lies with whom it asks, and not with the text."""

    def __init__(self, what: str, *, down: bool = False) -> None:
        super().__init__(what)
        self.down = down


class NotAsked(EudaimonError):
    """A layer was not asked, since its budget is spent."""


@dataclass(frozen=True)
class Opinion:
    """What was said of a text: whether it is flagged, or None where the layer is unsure.

    ``score`` is in [0, 1], higher is more dangerous, and meets ``threshold`` when the text is flagged.
    ``categories`` are scores of categories by name, in [0, 1] too.
    """

    flagged: bool | None
    score: float
    threshold: float = 0.5
    category: str | None = None
    categories: dict[str, float] = field(default_factory=dict)
    reason: str = ""


class Critic(Protocol):
    """Somebody with an opinion; any number of questions may be under way on one event loop."""

    @property
    def layer(self) -> Literal["critique", "validator"]:
        """The layer as decisions name it."""

    @property
    def name(self) -> str:
        """Who it is, as reports name it: model, and hash of what it is told."""

    async def opine(self, text: Text, side: Side) -> Opinion:
        """The opinion on a conversation, of which the last turn is the answer for ``output``.

        Raises `NoOpinion`, and `NoAnswer` as `outbound` does.
        """

    async def close(self) -> None:
        """Close what is open."""
