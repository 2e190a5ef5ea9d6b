"""Words that mark a dialect or name a group of people: among such segments too much may be removed."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict

from eudaimon.data.yaml_text import read_yaml

Kind = Literal["dialect", "identity"]
FILES: dict[Kind, str] = {"dialect": "dialects.yaml", "identity": "identities.yaml"}


class Markers(BaseModel):
    """Groups of terms, where they come from, and what they cannot say."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    source: str
    limits: str
    groups: dict[str, tuple[str, ...]]

    def found(self, text: str) -> frozenset[str]:
        """The groups of which the text has a term: whole words, upper or lower case, any apostrophe."""
        plain = text.lower().replace("’", "'").replace("ʼ", "'")
        return frozenset(name for name, pattern in _patterns(self) if pattern.search(plain))

    def __hash__(self) -> int:
        return hash((self.source, tuple(self.groups)))


@cache
def markers(kind: Kind) -> Markers:
    """The packaged markers of a kind."""
    text = (files("eudaimon.curate.audit") / FILES[kind]).read_text(encoding="utf-8")
    return Markers.model_validate(read_yaml(text))


@cache
def _patterns(found: Markers) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (name, re.compile(rf"(?<![\w'-])(?:{'|'.join(_spaced(term) for term in terms)})(?![\w-])"))
        for name, terms in found.groups.items()
    )


def _spaced(term: str) -> str:
    return r"\s+".join(re.escape(word) for word in term.split())
