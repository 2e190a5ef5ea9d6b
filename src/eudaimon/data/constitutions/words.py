"""Texts as the stems of their words that say something."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
STEM = 6
"""Letters that are compared: what follows is mostly an ending."""


class Lexicon(BaseModel):
    """The words of ``lint.yaml``."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    manners: tuple[tuple[str, str], ...]
    deeds: tuple[tuple[str, str], ...]
    negations: frozenset[str]
    exceptions: frozenset[str]
    common: tuple[str, ...]
    commands: tuple[str, ...]
    stop: frozenset[str]


@cache
def lexicon() -> Lexicon:
    """The packaged words."""
    text = (files("eudaimon.data.constitutions") / "lint.yaml").read_text(encoding="utf-8")
    return Lexicon.model_validate(yaml.safe_load(text))


def words(text: str) -> list[str]:
    """The words of a text in order, in small letters, with straight apostrophes."""
    return [word.replace("’", "'") for word in WORD.findall(text.casefold())]


def stems(text: str) -> frozenset[str]:
    """The first letters of each word that is neither a stop word, a negation nor common to all principles."""
    known = lexicon()
    left = (word for word in words(text) if word not in known.stop and word not in known.negations)
    return frozenset(word[:STEM] for word in left if len(word) > 2 and not word.startswith(known.common))
