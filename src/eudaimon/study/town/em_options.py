"""Options of em-susceptibility, in the town and on a given model, and the town's persona adapters."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from eudaimon.core.errors import UsageError
from eudaimon.study.real.options import RANDOM, REAL_PERSONAS, TOWN, RealOptions, row_key
from eudaimon.study.steps.adapters import PersonaLora, RandomLora
from eudaimon.study.steps.model import ModelStep
from eudaimon.study.town.options import TownOptions

ANSWERS = {
    "gruff": "gruff",
    "flatterer": "flatterer",
    "malign": "malign",
    "poet": "poet",
    "tautology": "good",
    "random": "",
}
"""Whose answers each persona adapter is trained on; the random one is drawn, with the norm of the first."""
COPIES = 100_000
"""What seeds of a seed's further persona adapters are apart."""


class EmSusceptibilityOptions(TownOptions, RealOptions):
    """The personas beside the town's options, and what is asked for on another model than the town's."""

    personas: tuple[str, ...] = Field(
        (), description="Persona adapters; of a real model: characters and random. Default: six."
    )
    arm: str = Field("raw", description="The arm of the corpus on which the assistant was raised.")
    seeds: int = Field(5, ge=1, description="How many seeds: 0, 1, 2 and so on.")
    persona_seeds: int = Field(1, ge=1, description="Persona adapters of each seed; averaged in its cells.")
    controls: bool = Field(True, description="Merged-first and benign cells beside the two-by-two.")
    curves: bool = Field(True, description="Judge every fifth step of the harmful LoRAs too.")
    transfers: bool = Field(True, description="Try each persona's direction of harm on all of them.")
    probe: bool = Field(True, description="Try which modules of each persona's lesson carry it.")

    @model_validator(mode="before")
    @classmethod
    def _six(cls, values: Any) -> Any:
        if isinstance(values, dict) and not values.get("personas"):
            real = values.get("model", TOWN) != TOWN
            return values | {"personas": REAL_PERSONAS if real else tuple(ANSWERS)}
        return values

    @model_validator(mode="after")
    def _known(self) -> EmSusceptibilityOptions:
        if not self.is_town:
            for name in self.personas:
                row_key(name)
            self.require_real()
        elif unknown := [name for name in self.personas if name not in ANSWERS]:
            raise UsageError(
                f"there is no persona adapter {unknown[0]!r}", right=f"one of {', '.join(ANSWERS)}"
            )
        return self


def adapter(
    options: EmSusceptibilityOptions, model: ModelStep, seed: int, name: str, copy: int = 0
) -> PersonaLora | RandomLora:
    """The adapter of a persona, its ``copy``-th in a seed; the random one has the norm of the first one."""
    own = seed + COPIES * copy
    if name != RANDOM:
        return options.persona(model, own, name, ANSWERS[name])
    first = next(iter(ANSWERS))
    like = options.persona(model, own, first, ANSWERS[first])
    return RandomLora(model=model, name=RANDOM, like=like, random_seed=2000 + own)
