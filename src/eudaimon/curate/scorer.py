"""A scorer: documents in, the score table out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError

if TYPE_CHECKING:
    import pyarrow


@runtime_checkable
class Scorer(Protocol):
    """What scores documents. The same documents and the same ``hash`` give the same table."""

    @property
    def hash(self) -> str:
        """Identity of all models and settings that decide what `score` returns: 16 hex digits."""
        ...

    def score(self, documents: Sequence[Document]) -> pyarrow.Table:
        """The scores of the documents, in order, in the columns of `eudaimon.curate.score_schema`.

        Never raises for one document: the row of a document that could not be scored says why in ``error``.
        """
        ...

    def costs(self) -> tuple[StageCost, ...]:
        """What each stage did since the scorer was opened, in the order of the stages."""
        ...


@dataclass(frozen=True, slots=True)
class StageCost:
    """What a stage saw, how long it worked, and how many segments left it with other scores than before.

    ``characters`` are code points of the segments seen, ``cpu_seconds`` those of this process. Costs of one
    stage can be added; raises `UsageError` for two stages.
    """

    stage: str
    documents: int = 0
    segments: int = 0
    characters: int = 0
    cpu_seconds: float = 0.0
    changed: int = 0

    def __add__(self, other: StageCost) -> StageCost:
        if self.stage != other.stage:
            raise UsageError(
                f"costs of the stages {self.stage} and {other.stage} cannot be added",
                right="costs of one stage",
            )
        return replace(
            self,
            documents=self.documents + other.documents,
            segments=self.segments + other.segments,
            characters=self.characters + other.characters,
            cpu_seconds=self.cpu_seconds + other.cpu_seconds,
            changed=self.changed + other.changed,
        )


def total_costs(costs: Iterable[StageCost]) -> tuple[StageCost, ...]:
    """The costs added stage by stage, in the order in which stages first appear."""
    total: dict[str, StageCost] = {}
    for cost in costs:
        known = total.get(cost.stage)
        total[cost.stage] = cost if known is None else known + cost
    return tuple(total.values())


_NAMED: Mapping[str, str] = {"labels": "eudaimon.curate.stages.labels:LabelScorer"}


def open_scorer(name: str | Path) -> Scorer:
    """The scorer of that name: ``labels`` takes over the labels that documents carry, as those of the town.

    The path of a file ``.bin`` is a fastText model, read paragraph by paragraph. Raises `UsageError` where
    there is none.
    """
    if str(name) in _NAMED:
        return _opener(_NAMED[str(name)])()
    if str(name).endswith(".bin"):
        return _opener("eudaimon.curate.stages.fasttext:FastTextScorer")(name)
    raise UsageError(
        f"there is no scorer {name}", right=f"a fastText model .bin, or one of {', '.join(_NAMED)}"
    )


def _opener(where: str) -> Callable[..., Scorer]:
    module, _, attribute = where.partition(":")
    return cast(Callable[..., Scorer], getattr(import_module(module), attribute))
