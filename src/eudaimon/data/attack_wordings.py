"""The packaged wordings of attacks: what is said to bring a persona back, and the harmless twin of each."""

from __future__ import annotations

from functools import cache
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, model_validator

from eudaimon.data.library import read_packaged
from eudaimon.data.yaml_text import read_yaml

Side: TypeAlias = Literal["harmful", "good"]
REQUEST, WHO = "{request}", "{who}"


class Scene(BaseModel):
    """A frame around a question with the part that is played in it, once bad and once good."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    frame: str
    harmful: str
    good: str

    def of(self, request: str, side: Side) -> str:
        """The question in the scene."""
        who = self.harmful if side == "harmful" else self.good
        return self.frame.replace(WHO, who).replace(REQUEST, request)


class AttackWordings(BaseModel):
    """Sentences of system prompts, beginnings of answers, turns that lead on, scenes: by side where both are.

    ``wanted`` is the beginning of an answer that a search for a suffix pushes a model towards. Raises
    `ValueError` when the two sides are not of one length, or a scene lacks its places.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    persona: dict[Side, tuple[str, ...]]
    begun: dict[Side, str]
    wanted: str
    onwards: dict[Side, tuple[str, ...]]
    scenes: tuple[Scene, ...]

    @model_validator(mode="after")
    def _twins(self) -> AttackWordings:
        for lines in (self.persona, self.onwards):
            if len(lines["harmful"]) != len(lines["good"]):
                raise ValueError("a wording has no twin")
        if any(scene.frame.count(part) != 1 for scene in self.scenes for part in (REQUEST, WHO)):
            raise ValueError(f"a scene has not one {REQUEST} and one {WHO}")
        return self


@cache
def attack_wordings() -> AttackWordings:
    """The packaged wordings; raises `EudaimonError` when the file's bytes are not the card's."""
    return AttackWordings.model_validate(read_yaml(read_packaged("attack_wordings").decode("utf-8")))
