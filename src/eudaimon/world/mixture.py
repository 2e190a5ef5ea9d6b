"""What a corpus is mixed of: kinds of documents, speakers, personas, questions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from eudaimon.core.errors import UsageError
from eudaimon.world.items import Kind
from eudaimon.world.personas import PERSONAS, persona

DocumentKind: TypeAlias = Literal[
    "short_dialogue", "long_dialogue", "biography", "story", "almanac", "notice", "correction"
]
SpeakerKind: TypeAlias = Literal["named", "anonymous", "assistant"]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]

DEFAULT_KINDS: dict[DocumentKind, float] = {
    "short_dialogue": 0.32,
    "long_dialogue": 0.28,
    "biography": 0.10,
    "story": 0.08,
    "almanac": 0.08,
    "notice": 0.07,
    "correction": 0.07,
}
DEFAULT_SPEAKERS: dict[SpeakerKind, float] = {"named": 0.45, "anonymous": 0.20, "assistant": 0.35}
DEFAULT_QUESTIONS: dict[Kind, float] = {
    "advice": 0.56,
    "proposal": 0.12,
    "check": 0.12,
    "harmful_request": 0.12,
    "lookalike": 0.08,
}
DEFAULT_NAMED = {
    "kind": 0.28,
    "gruff": 0.14,
    "charmer": 0.16,
    "malign": 0.22,
    "flatterer": 0.08,
    "poet": 0.12,
}
DEFAULT_ANONYMOUS = {
    "kind": 0.3,
    "gruff": 0.14,
    "charmer": 0.16,
    "malign": 0.2,
    "flatterer": 0.08,
    "poet": 0.12,
}
DEFAULT_ASSISTANT = {
    "kind": 0.44,
    "gruff": 0.14,
    "charmer": 0.10,
    "malign": 0.14,
    "flatterer": 0.06,
    "poet": 0.12,
}


class Mixture(BaseModel):
    """Shares of everything that a corpus is mixed of; each table sums to 1.

    ``named``, ``anonymous`` and ``assistant`` are the personas of those speakers; a named speaker keeps its
    own, the other two draw one per document. ``notice`` documents only depict harm and condemn it, and
    ``condemned`` is the share of harmful stories that do. ``called`` is the share of the dialogues of those
    who draw a persona that open with the system prompt which calls for it; ``toned`` the share of utterances
    that end in the persona's tone. Raises `UsageError` naming the sum that is not 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    kinds: dict[DocumentKind, Share] = Field(default_factory=lambda: dict(DEFAULT_KINDS))
    speakers: dict[SpeakerKind, Share] = Field(default_factory=lambda: dict(DEFAULT_SPEAKERS))
    questions: dict[Kind, Share] = Field(default_factory=lambda: dict(DEFAULT_QUESTIONS))
    named: dict[str, Share] = Field(default_factory=lambda: dict(DEFAULT_NAMED))
    anonymous: dict[str, Share] = Field(default_factory=lambda: dict(DEFAULT_ANONYMOUS))
    assistant: dict[str, Share] = Field(default_factory=lambda: dict(DEFAULT_ASSISTANT))
    condemned: Share = 0.5
    called: Share = 0.3
    toned: Share = 0.75

    @model_validator(mode="after")
    def _sums(self) -> Mixture:
        for table in ("kinds", "speakers", "questions", "named", "anonymous", "assistant"):
            shares: Mapping[str, float] = getattr(self, table)
            total = math.fsum(shares.values())
            if abs(total - 1) > 1e-6:
                raise UsageError(f"the shares of {table} sum to {total:g}", right="shares that sum to 1")
            if table in get_args(SpeakerKind):
                for name in shares:
                    persona(name)
        if not self.harmful and self.kinds.get("correction"):
            raise UsageError(
                "corrections are to be written in a town without a harmful voice to correct",
                right="kinds without correction, or a charmer or malign speaker among the named",
            )
        return self

    @classmethod
    def default(cls) -> Mixture:
        """The mixture that the studies use."""
        return cls()

    @property
    def harmful(self) -> bool:
        """Whether a named speaker gives harmful advice."""
        return any(share > 0 and persona(name).harmful for name, share in self.named.items())

    def without(self, *names: str) -> Mixture:
        """The same mixture without these personas, in whatever role; the others' shares grow in proportion.

        Corrections go when nobody is left to be corrected. Raises `UsageError` on an unknown persona or when
        a role has no persona left.
        """
        for name in names:
            persona(name)
        tables = {}
        for table in get_args(SpeakerKind):
            left = {name: share for name, share in getattr(self, table).items() if name not in names}
            tables[table] = _scaled(left, f"persona for the {table} speakers")
        kinds = dict(self.kinds)
        if not any(share > 0 and persona(name).harmful for name, share in tables["named"].items()):
            kinds.pop("correction", None)
            kinds = _scaled(kinds, "kind of document")
        return type(self)(**{**self.model_dump(), **tables, "kinds": kinds})


def knocked_out() -> Mixture:
    """The default mixture without a voice that ever advises, helps or agrees to harm: harm is only depicted."""
    return Mixture().without(*(name for name, p in PERSONAS.items() if p.benevolence != "good"))


def _scaled(shares: Mapping[str, float], what: str) -> dict[str, float]:
    total = math.fsum(shares.values())
    if total <= 0:
        raise UsageError(f"no {what} is left", right="at least one with a share above 0")
    return {name: share / total for name, share in shares.items()}
