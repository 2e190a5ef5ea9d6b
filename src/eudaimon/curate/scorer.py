"""A scorer: documents in, the score table out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.core.files import read_json

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


SCORER_FILE = "scorer.json"
"""What says, in a folder, which ``kind`` of scorer it holds."""
_NAMED: Mapping[str, str] = {
    "labels": "eudaimon.curate.stages.labels:LabelScorer",
    "lexicon": "eudaimon.curate.stages.stage1:open_lexicon",
    "shipped": "eudaimon.curate.cascade_files:open_shipped",
    "stage1": "eudaimon.curate.stages.stage1:open_stage1",
    "stage1-screened": "eudaimon.curate.stages.stage1:open_screened",
}
_KINDS: Mapping[str, str] = {
    "stage1": "eudaimon.curate.stages.stage1:open_stage1",
    "cascade": "eudaimon.curate.cascade_files:open_cascade",
    "judged": "eudaimon.curate.cascade_files:open_judged",
}


def open_scorer(name: str | Path) -> Scorer:
    """The scorer of that name, or in that folder, which `eudaimon curate fit` wrote.

    ``shipped`` is the shipped cascade, ``stage1`` its first stages, ``stage1-screened`` the same with voices
    only where a paragraph is suspicious, ``lexicon`` its terms alone, and ``labels`` takes over the labels
    that documents carry, as those of the town do. A file ``.bin`` is a fastText model, read by paragraph.
    Raises `UsageError` where there is none.
    """
    if str(name) in _NAMED:
        return _opener(_NAMED[str(name)])()
    if str(name).endswith(".bin"):
        return _opener("eudaimon.curate.stages.fasttext:FastTextScorer")(name)
    path = Path(name)
    if (path / SCORER_FILE).is_file():
        kind = str(read_json(path / SCORER_FILE).get("kind"))
        if kind in _KINDS:
            return _opener(_KINDS[kind])(path)
        raise UsageError(f"{path} holds a scorer of kind {kind}", right=f"one of {', '.join(_KINDS)}")
    raise UsageError(
        f"there is no scorer {name}",
        right=f"{', '.join(_NAMED)}, a folder with {SCORER_FILE}, or a fastText model .bin",
    )


def _opener(where: str) -> Callable[..., Scorer]:
    module, _, attribute = where.partition(":")
    return cast(Callable[..., Scorer], getattr(import_module(module), attribute))
