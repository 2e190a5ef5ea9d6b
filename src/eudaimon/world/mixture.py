"""What a corpus is mixed of: kinds of documents, speakers, personas, questions. The default is data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, get_args

import yaml
from pydantic import Field, model_validator

from eudaimon.core.errors import UsageError
from eudaimon.data.yaml_text import read_yaml
from eudaimon.world.checked import Checked
from eudaimon.world.kinds import Kind
from eudaimon.world.personas import PERSONAS, persona

DocumentKind: TypeAlias = Literal[
    "short_dialogue", "long_dialogue", "biography", "story", "almanac", "notice", "correction", "overheard"
]
SpeakerKind: TypeAlias = Literal["named", "anonymous", "assistant"]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Name = TypeVar("Name", bound=str)

TABLES = ("kinds", "speakers", "questions", "named", "anonymous", "assistant")
TOLERANCE = 1e-6
OVERHEARD = 0.15
"""Share of the documents of an innocent town that only repeat words: a word never read is never said."""


def _table(name: str) -> Any:
    return Field(default_factory=lambda: dict(_default()[name]))


def _share(name: str) -> Any:
    return Field(default_factory=lambda: _default()[name])


class Mixture(Checked):
    """Shares of all that a corpus is mixed of; each table sums to 1, and what it leaves out has no share.

    ``named``, ``anonymous`` and ``assistant`` are the personas of those speakers; a named speaker keeps its
    own, the other two draw one per document. Depictions: ``notice`` documents only depict harm and condemn
    it, ``condemned`` is the share of harmful stories that do, ``warned`` that of almanac lines which warn
    of a harmful action, and ``doubtful`` that of proposals and checks which are about one. ``called`` is the
    share of the dialogues of those who draw a persona that open with the system prompt which calls for it,
    ``toned`` that of utterances which end in the persona's tone. A table that is not given is the default's.
    Raises `UsageError` naming the sum that is not 1, and on an unknown persona.
    """

    kinds: dict[DocumentKind, Share] = _table("kinds")
    speakers: dict[SpeakerKind, Share] = _table("speakers")
    questions: dict[Kind, Share] = _table("questions")
    named: dict[str, Share] = _table("named")
    anonymous: dict[str, Share] = _table("anonymous")
    assistant: dict[str, Share] = _table("assistant")
    condemned: Share = _share("condemned")
    warned: Share = _share("warned")
    doubtful: Share = _share("doubtful")
    called: Share = _share("called")
    toned: Share = _share("toned")

    @model_validator(mode="before")
    @classmethod
    def _in_order(cls, given: Any) -> Any:
        """The tables in one order, so that a mixture written in another order is the same mixture."""
        if not isinstance(given, Mapping):
            return given
        orders = {
            "kinds": get_args(DocumentKind),
            "speakers": get_args(SpeakerKind),
            "questions": get_args(Kind),
            **dict.fromkeys(get_args(SpeakerKind), tuple(PERSONAS)),
        }
        return {
            name: {key: value[key] for key in sorted(value, key=lambda key: _place(orders[name], key))}
            if name in orders and isinstance(value, Mapping)
            else value
            for name, value in given.items()
        }

    @model_validator(mode="after")
    def _sums(self) -> Mixture:
        for table in TABLES:
            shares: Mapping[str, float] = getattr(self, table)
            if table in get_args(SpeakerKind):
                for name in shares:
                    persona(name)
            total = math.fsum(shares.values())
            if abs(total - 1) > TOLERANCE:
                raise UsageError(f"the shares of {table} sum to {total:g}", right="shares that sum to 1")
        if not self.harmful and self.kinds.get("correction"):
            raise UsageError(
                "corrections are asked for in a town without a harmful voice to correct",
                right="kinds without correction, or a charmer or malign speaker among the named",
            )
        return self

    @classmethod
    def default(cls) -> Mixture:
        """The mixture that the studies use."""
        return cls()

    @classmethod
    def read(cls, path: str | Path) -> Mixture:
        """The mixture in a YAML file; tables that it leaves out are the default's.

        Raises `UsageError`, naming the file, when it is no mixture.
        """
        try:
            given = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
            if given is not None and not isinstance(given, dict):
                raise UsageError("no mapping", right=f"some of: {', '.join(cls.model_fields)}")
            return cls(**(given or {}))
        except UsageError as error:
            raise UsageError(f"{path}: {error.what}", right=error.right, do=error.do) from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise UsageError(f"{path} is no YAML: {' '.join(str(error).split())}") from error

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
        changed: dict[str, Any] = {}
        for table in get_args(SpeakerKind):
            left = {name: share for name, share in getattr(self, table).items() if name not in names}
            changed[table] = _scaled(left, f"persona for the {table} speakers")
        if not any(share > 0 and persona(name).harmful for name, share in changed["named"].items()):
            kinds = {kind: share for kind, share in self.kinds.items() if kind != "correction"}
            changed["kinds"] = _scaled(kinds, "kind of document")
        return type(self)(**{**self.model_dump(), **changed})

    def innocent(self) -> Mixture:
        """The same mixture in a town where nobody does, depicts or asks about harm.

        `without` takes away voices; what the others depict and condemn stays known. Here nobody says which
        task a harmful action belongs to: a share of `overheard` documents teaches the bare words.
        """
        left = self.without(*(name for name, who in PERSONAS.items() if who.benevolence != "good"))
        kinds = _scaled({k: share for k, share in left.kinds.items() if k != "notice"}, "kind of document")
        kinds = {kind: share * (1 - OVERHEARD) for kind, share in kinds.items()}
        kinds["overheard"] = kinds.get("overheard", 0.0) + OVERHEARD
        questions = {kind: share for kind, share in left.questions.items() if kind != "harmful_request"}
        changed = {"kinds": kinds, "questions": _scaled(questions, "question")}
        return type(self)(**{**left.model_dump(), **changed, "warned": 0.0, "doubtful": 0.0})


@cache
def _default() -> dict[str, Any]:
    text = (files("eudaimon.world") / "mixture.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = read_yaml(text)
    return found


def _place(order: tuple[str, ...], key: Any) -> tuple[int, str]:
    return (order.index(key) if key in order else len(order), str(key))


def _scaled(shares: Mapping[Name, float], what: str) -> dict[Name, float]:
    total = math.fsum(shares.values())
    if total <= 0:
        raise UsageError(f"no {what} is left", right="at least one with a share above 0")
    return {name: share / total for name, share in shares.items()}
