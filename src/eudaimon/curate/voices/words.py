"""The words that tell who speaks: the data of ``speech.yaml``."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from eudaimon.data.yaml_text import read_yaml


class Words(BaseModel):
    """Words about speech; ``no_names`` and ``no_speakers`` stand where a name could and are none."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    verbs: frozenset[str]
    pronouns: frozenset[str]
    vague: frozenset[str]
    titles: frozenset[str]
    determiners: frozenset[str]
    no_names: frozenset[str]
    phrase_ends: frozenset[str]
    no_speakers: frozenset[str]


@cache
def words() -> Words:
    """The packaged words."""
    text = (files("eudaimon.curate.voices") / "speech.yaml").read_text(encoding="utf-8")
    return Words.model_validate(read_yaml(text))
