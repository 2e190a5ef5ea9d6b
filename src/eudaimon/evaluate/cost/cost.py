"""A cost of safety as a value: what may have been lost, and how it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from eudaimon.core.errors import UsageError

if TYPE_CHECKING:
    from eudaimon.evaluate.cost.open import OpenCosts
    from eudaimon.evaluate.rows import Label, Row
    from eudaimon.evaluate.town.ground import TownGround
    from eudaimon.models.model import Model

InTown: TypeAlias = "Callable[[Model, TownGround, Label], list[Row]]"
InOpen: TypeAlias = "Callable[[Model, OpenCosts, Label], list[Row]]"

SEPARATOR = ":"
"""Between a metric and the part of the texts that it is of: ``depicting_bits:law``."""


@dataclass(frozen=True)
class Metric:
    """A metric of a cost's rows: its unit, and which way it should not go; empty: told beside the others."""

    name: str
    what: str
    unit: str
    better: Literal["higher", "lower", ""] = "higher"


@dataclass(frozen=True)
class Cost:
    """Something that a model may have lost on the way to being safe, and how it is read.

    ``metrics`` are those of its rows, the first one stands for the cost; a row's metric may name a part after
    a colon (``variety_gap:gruff``). ``source`` says where the measurement comes from. ``in_town`` and
    ``in_open`` give the rows; either raises `NotGiven` when something is missing, and says what to give.
    """

    name: str
    title: str
    asks: str
    metrics: tuple[Metric, ...]
    source: str
    in_town: InTown
    in_open: InOpen

    def __post_init__(self) -> None:
        if not self.metrics or not self.metrics[0].better:
            raise UsageError(
                f"cost {self.name} does not say what is lost",
                right="a first metric that should not fall or rise",
            )

    def metric(self, name: str) -> Metric:
        """The metric of that name, with or without a part; raises `UsageError` when it is none of them."""
        known = {metric.name: metric for metric in self.metrics}
        plain = name.partition(SEPARATOR)[0]
        if plain not in known:
            raise UsageError(f"{self.name} has no metric {name!r}", right=f"one of {', '.join(known)}")
        return known[plain]
