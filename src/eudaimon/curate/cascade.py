"""The cascade: every segment is scored cheaply, and dearer stages are asked where that is not enough."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from eudaimon.core.document import Document
from eudaimon.core.identity import short_hash
from eudaimon.curate.scorer import StageCost
from eudaimon.curate.stages.batch import Batch, Stage, number_columns
from eudaimon.curate.stages.escalated import CHANCE, DOUBTED, ESCALATED, voices
from eudaimon.curate.stages.escalation import Escalation
from eudaimon.curate.stages.judge import JudgeStage
from eudaimon.curate.stages.staged import TABLE, StagedScorer, changed

if TYPE_CHECKING:
    import pyarrow

DOCUMENTS_AT_ONCE, CHARACTERS_AT_ONCE = 256, 2_000_000
"""What goes through the stages together; a longer document goes alone."""


class Cascade:
    """A `eudaimon.curate.Scorer` of stages: ``first`` on every segment, then an encoder, then a judge.

    The encoder's word replaces that of the first stages where it is asked, and the judge's both; the column
    ``stage`` says whose word stands: 1 the first stages', 2 the encoder's, 3 the judge's. Either of the two
    may be missing. A document of which a stage fails to score a segment gets an error. ``first`` may be a
    `StagedScorer`, which has its own way to find segments.
    """

    def __init__(
        self,
        first: StagedScorer | Sequence[Stage],
        encoder: Stage | None = None,
        judge: Stage | None = None,
        escalation: Escalation | None = None,
    ) -> None:
        self.first = first if isinstance(first, StagedScorer) else StagedScorer(first)
        self.encoder, self.judge, self.escalation = encoder, judge, escalation or Escalation()
        later = [stage for stage in (encoder, judge) if stage]
        parts = [self.first.hash, [[s.name, s.hash] for s in later], asdict(self.escalation)]
        self.hash = short_hash(["cascade", *parts])
        self._costs = {name: StageCost(name) for name in (*(stage.name for stage in later), TABLE)}

    def score(self, documents: Sequence[Document]) -> pyarrow.Table:
        """The scores of the documents, in order; never raises for one of them."""
        import pyarrow

        from eudaimon.curate.score_table import score_schema

        tables = [self._table(group) for group in _groups(documents)]
        return pyarrow.concat_tables(tables).unify_dictionaries() if tables else score_schema().empty_table()

    def costs(self) -> tuple[StageCost, ...]:
        """What each stage did so far, in order; later ones count the segments that they were asked about."""
        cheap = [cost for cost in self.first.costs() if cost.stage != TABLE]
        return (*cheap, *self._costs.values())

    @property
    def record(self) -> dict[str, Any]:
        """Who speaks, for manifests: stages with their hashes, the escalation, the judge and its rubric."""
        later = [stage for stage in (self.encoder, self.judge) if stage]
        return {
            "stages": [{"name": s.name, "hash": s.hash} for s in (*self.first.stages, *later)],
            "escalation": asdict(self.escalation),
            **({"judge": dict(self.judge.record)} if isinstance(self.judge, JudgeStage) else {}),
        }

    def _table(self, documents: Sequence[Document]) -> pyarrow.Table:
        first = batch = _first_word(self.first.read(documents))
        if self.encoder:
            asked = self.escalation.to_encoder(batch)
            batch = self._asked(self.encoder, batch.having({ESCALATED: asked}), asked)
        if self.judge:
            asked = self.escalation.to_judge(batch)
            chances = self.escalation.chances(batch, first)
            batch = self._asked(self.judge, batch.having({DOUBTED: asked, CHANCE: chances}), asked)
        started = time.process_time()
        table = batch.table(self.hash)
        self._count(TABLE, batch, np.ones(len(batch.spans), dtype=bool), started, 0)
        return table

    def _asked(self, stage: Stage, batch: Batch, asked: np.ndarray) -> Batch:
        """The batch after a stage, which looks at the rows it is asked about and no others."""
        if not asked.any():
            return batch
        started = time.process_time()
        after = stage.run(batch)
        self._count(stage.name, batch, asked, started, changed(batch, after))
        return after

    def _count(self, name: str, batch: Batch, asked: np.ndarray, started: float, n_changed: int) -> None:
        spans = batch.spans
        self._costs[name] += StageCost(
            name,
            documents=len(batch.documents) if asked.all() else len(np.unique(spans.document[asked])),
            segments=int(asked.sum()),
            characters=int((spans.end - spans.start)[asked].sum()),
            cpu_seconds=time.process_time() - started,
            changed=n_changed,
        )


def _first_word(batch: Batch) -> Batch:
    """The batch with stage 1 as the deciding one of all voices that have a score, unless a stage said so."""
    if "stage" in batch.columns:
        return batch
    scored = np.zeros(len(batch.spans), dtype=bool)
    for name in number_columns():
        if name in batch.columns:
            scored |= ~np.isnan(batch.columns[name])
    return batch.having({"stage": np.where(scored & voices(batch), 1, -1)})


def _groups(documents: Sequence[Document]) -> Iterator[Sequence[Document]]:
    start = characters = 0
    for place, document in enumerate(documents):
        full = place - start >= DOCUMENTS_AT_ONCE or characters + len(document.text) > CHARACTERS_AT_ONCE
        if place > start and full:
            yield documents[start:place]
            start, characters = place, 0
        characters += len(document.text)
    if start < len(documents):
        yield documents[start:]
