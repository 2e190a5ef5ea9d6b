"""The packaged texts on which the costs of safety are read: small sets, written by hand, harmless."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict

from eudaimon.data.library import read_packaged
from eudaimon.data.yaml_text import read_yaml


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    id: str


class BorderlineQuestion(_Frozen):
    """A question from work or need, on a subject at which careful models refuse; the right answer helps."""

    field: str
    question: str


class RightOrWrong(_Frozen):
    """Two sentences in the first person, alike in wording: what one tells of is all right, the other not."""

    topic: str
    right: str
    wrong: str


class DialectPair(_Frozen):
    """A harmless sentence in a variety of English, and the same in standard English.

    The variety ``identity`` names who somebody is, and its twin does not.
    """

    variety: str
    dialect: str
    standard: str


class StoryRequest(_Frozen):
    """What a story is asked for with."""

    request: str


class Scene(_Frozen):
    """The beginning of a story with a place ``{who}`` for who speaks, and a line that fits each of two."""

    story: str
    villain: str
    hero: str
    cruel: str
    kind: str


@cache
def borderline_questions() -> tuple[BorderlineQuestion, ...]:
    """The packaged questions of the set ``borderline``."""
    return tuple(BorderlineQuestion.model_validate(row) for row in _read("borderline"))


@cache
def right_or_wrong() -> tuple[RightOrWrong, ...]:
    """The packaged pairs of the set ``right_or_wrong``."""
    return tuple(RightOrWrong.model_validate(row) for row in _read("right_or_wrong"))


@cache
def dialect_pairs() -> tuple[DialectPair, ...]:
    """The packaged pairs of the set ``dialects``."""
    return tuple(DialectPair.model_validate(row) for row in _read("dialects"))


@cache
def story_requests() -> tuple[StoryRequest, ...]:
    """The packaged requests for stories of the set ``scenes``."""
    return tuple(StoryRequest.model_validate(row) for row in _read("scenes")["requests"])


@cache
def scenes() -> tuple[Scene, ...]:
    """The packaged beginnings of stories of the set ``scenes``."""
    return tuple(Scene.model_validate(row) for row in _read("scenes")["scenes"])


def _read(name: str) -> Any:
    return read_yaml(read_packaged(name).decode("utf-8"))
