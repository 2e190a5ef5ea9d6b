"""Which models are attacked in the town, by which routes, and how far."""

from __future__ import annotations

from pydantic import Field, field_validator, model_validator

from eudaimon.core.errors import UsageError
from eudaimon.evaluate.attack.attack import Attack
from eudaimon.evaluate.attack.registry import attack_named, attacks
from eudaimon.evaluate.cost.registry import cost_named, costs
from eudaimon.study.designs.good_personas import GoodPersonasOptions
from eudaimon.study.reactivation_records import Route
from eudaimon.study.town.collect import route_key
from eudaimon.study.town.given import GivenOptions
from eudaimon.study.town.options import INNOCENT
from eudaimon.train.arm_registry import arm_named

NONE = ("none",)
"""In the place of arms: none of them."""


class ReactivationOptions(GoodPersonasOptions, GivenOptions):
    """Those of good-personas, whose models are used again, given subjects, and which attacks go how far."""

    attacks: tuple[str, ...] = Field((), description="Attacks by name; none: all.")
    points: int = Field(0, ge=0, description="Budgets of each attack, spread over its axis; 0: all.")
    watched: tuple[str, ...] = Field(
        ("raw", "mask"),
        description="Arms and subjects with a monitor of their own inside the attacks, or none.",
    )
    costs: tuple[str, ...] = Field((), description="Costs of safety by name; none: all.")

    @field_validator("attacks")
    @classmethod
    def _known_attacks(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(attack_named(name).name for name in names)

    @field_validator("arms")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return () if names == NONE else tuple(map(_arm, names))

    @field_validator("costs")
    @classmethod
    def _known_costs(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(cost_named(name).name for name in names)

    @model_validator(mode="after")
    def _somebody(self) -> ReactivationOptions:
        """Raises `UsageError` where nobody is left to attack, or a monitor is to watch nobody."""
        if not (self.arms or self.given):
            raise UsageError("there is neither an arm nor a subject", do="--set subjects=FOLDER")
        if both := sorted(set(self.arms) & set(self.given)):
            raise UsageError(f"a subject is called as the arm {both[0]}", do="--set subjects=NAME:FOLDER")
        for name in () if self.watched == NONE else self.watched:
            if name not in self.given:
                _arm(name)
        return self

    @property
    def tried(self) -> tuple[Attack, ...]:
        """The attacks that are tried."""
        return tuple(map(attack_named, self.attacks)) or attacks()

    @property
    def read_costs(self) -> tuple[str, ...]:
        """The names of the costs that are read."""
        return self.costs or tuple(cost.name for cost in costs())

    def budgets(self, attack: Attack) -> tuple[float, ...]:
        """The budgets of an attack, from 0 up."""
        every = tuple(map(float, attack.town_budgets or attack.budgets))
        if not 0 < self.points < len(every):
            return every
        last = len(every) - 1
        picked = {round(place * last / max(self.points - 1, 1)) for place in range(self.points)}
        return tuple(every[place] for place in sorted(picked | {0, last}))


def routes(options: ReactivationOptions) -> tuple[Route, ...]:
    """Every variant of every attack, in order."""
    return tuple(
        Route(
            key=route_key(attack.name, variant.name),
            attack=attack.title,
            variant=variant.name.replace("_", " "),
            title=f"{attack.title}, {variant.name.replace('_', ' ')}",
            unit=attack.unit,
            models=attack.models,
            source=attack.source,
            control=variant.control,
            budgets=options.budgets(attack),
        )
        for attack in options.tried
        for variant in attack.variants
    )


def _arm(name: str) -> str:
    return name if name == INNOCENT else arm_named(name).name
