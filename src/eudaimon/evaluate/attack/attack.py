"""An attack as a value, what it is aimed at, and what it comes to at one budget."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from eudaimon.core.errors import UsageError

if TYPE_CHECKING:
    from eudaimon.evaluate.attack.case import Case
    from eudaimon.evaluate.attack.ground import Ground
    from eudaimon.models.model import Model


@dataclass(frozen=True)
class Target:
    """A model under attack: opened with its own adapters and interventions, which no attack takes away.

    ``folder`` is where an attack keeps what it makes (adapters, suffixes), so that a killed run goes on.
    ``raw`` is a model in which the bad persona was formed, for directions that an attacker brings along; None
    where there is none.
    """

    model: Model
    ground: Ground
    folder: Path
    raw: Model | None = None


@dataclass(frozen=True)
class Attacked:
    """What an attacker has after spending a budget: the model that acts, and the cases put to it.

    Valid only until the attack is asked for its next budget: a steered model is steered no longer then.
    ``cost`` says what it took (``forward_passes``, ``tokens``, ``seconds``).
    """

    budget: float
    model: Model
    cases: tuple[Case, ...]
    cost: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Variant:
    """One way to carry out an attack; a control has its form without its harmful content."""

    name: str
    what: str
    control: bool = False


CarryOut: TypeAlias = Callable[[Target, str, Sequence[float], int], Iterator[Attacked]]
"""Target, name of the variant, rising budgets, seed: an `Attacked` for each budget, in order."""


@dataclass(frozen=True)
class Attack:
    """A route to the bad persona with its budget axis.

    ``unit`` names the budget's unit (``shots``, ``forward passes``, ``tokens``), ``budgets`` the axis that is
    tried by default: it rises from 0, which is no attack at all, whatever the attack. ``models`` says which
    attacker it stands for, ``source`` where it comes from.
    """

    name: str
    title: str
    models: str
    unit: str
    budgets: tuple[float, ...]
    source: str
    variants: tuple[Variant, ...]
    carry_out: CarryOut
    town_budgets: tuple[float, ...] = ()
    """A shorter axis for the small world; empty: the same."""
    brings_raw: bool = False
    """Whether a variant takes a direction from `Target.raw`; for other attacks that need not be opened."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "of", MappingProxyType({one.name: one for one in self.variants}))
        for budgets in (self.budgets, self.town_budgets or (0.0,)):
            require_budgets(budgets)
        if not self.variants or self.variants[0].control:
            raise UsageError(f"attack {self.name} has no variant that attacks", right="the first attacks")

    of: Mapping[str, Variant] = field(init=False, repr=False, compare=False)

    def __call__(
        self, target: Target, variant: str, budgets: Sequence[float], seed: int = 0
    ) -> Iterator[Attacked]:
        """An `Attacked` for each budget, in order; raises `UsageError` on another variant or falling budgets.

        Budget 0 is no attack: the ground's own cases put to the target's own model.
        """
        if variant not in self.of:
            raise UsageError(f"{self.name} has no variant {variant!r}", right=", ".join(self.of))
        require_budgets(budgets, from_zero=False)
        if budgets and budgets[0] == 0:
            yield Attacked(0.0, target.model, target.ground.cases())
        rest = tuple(float(budget) for budget in budgets if budget > 0)
        if rest:
            yield from self.carry_out(target, variant, rest, seed)


def require_budgets(budgets: Sequence[float], *, from_zero: bool = True) -> None:
    """Nothing for budgets that rise (from 0 where that is asked); raises `UsageError` otherwise."""
    rising = all(low < high for low, high in pairwise(budgets))
    begins = not budgets or (budgets[0] == 0 if from_zero else budgets[0] >= 0)
    if not (rising and begins):
        raise UsageError(f"the budgets {tuple(budgets)} do not rise from 0", right="0 first, then ever more")
