"""The cascade: every segment is scored cheaply, and dearer stages are asked where that is not enough."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from eudaimon.core.document import Document
from eudaimon.core.identity import short_hash
from eudaimon.curate.scorer import StageCost, total_costs
from eudaimon.curate.stages.batch import Batch, Stage, number_columns
from eudaimon.curate.stages.escalated import CHANCE, DOUBTED, ESCALATED, scores_differ, voices
from eudaimon.curate.stages.escalation import Escalation

if TYPE_CHECKING:
    import pyarrow

log = logging.getLogger(__name__)

DOCUMENTS_AT_ONCE, CHARACTERS_AT_ONCE = 256, 2_000_000
"""What goes through the stages together; a longer document goes alone."""


class Cascade:
    """A `eudaimon.curate.Scorer` of stages: ``first`` on every segment, then an encoder, then a judge.

    The encoder's word replaces that of the first stages where it is asked, and the judge's both; the column
    ``stage`` says whose word stands: 0 where only the provenance spoke, 1 the first stages', 2, 3. Either of
    the two may be missing. A document of which a stage fails to score a segment gets an error.
    """

    def __init__(
        self,
        first: Sequence[Stage],
        encoder: Stage | None = None,
        judge: Stage | None = None,
        escalation: Escalation | None = None,
    ) -> None:
        self.first, self.encoder, self.judge = tuple(first), encoder, judge
        self.escalation = escalation or Escalation()
        stages = [*self.first, *(stage for stage in (encoder, judge) if stage)]
        self.hash = short_hash(["cascade", [[s.name, s.hash] for s in stages], asdict(self.escalation)])
        self._costs = {stage.name: StageCost(stage.name) for stage in stages}

    def score(self, documents: Sequence[Document]) -> pyarrow.Table:
        """The scores of the documents, in order; never raises for one of them."""
        import pyarrow

        from eudaimon.curate.score_table import score_schema

        tables = [self._table(group) for group in _groups(documents)]
        return pyarrow.concat_tables(tables).unify_dictionaries() if tables else score_schema().empty_table()

    def costs(self) -> tuple[StageCost, ...]:
        """What each stage did so far, in order: of segments that it was asked about, not of all."""
        return total_costs(self._costs.values())

    def _table(self, documents: Sequence[Document]) -> pyarrow.Table:
        batch = Batch.of(documents)
        try:
            return self._run(batch).table(self.hash)
        except Exception as error:  # One document must not stop a corpus; its row says why.
            log.exception("scoring %d documents failed", len(documents))
            if len(documents) == 1:
                reason = f"{type(error).__name__}: {error}"
                return Batch.of(documents).failing({0: reason}).table(self.hash)
        import pyarrow

        return pyarrow.concat_tables([self._table([each]) for each in documents]).unify_dictionaries()

    def _run(self, batch: Batch) -> Batch:
        for stage in self.first:
            batch = self._paid(stage, batch, voices(batch))
        first = batch = _first_word(batch)
        if self.encoder:
            asked = self.escalation.to_encoder(batch)
            batch = self._paid(self.encoder, batch.having({ESCALATED: asked}), asked)
        if self.judge:
            asked = self.escalation.to_judge(batch)
            chances = self.escalation.chances(batch, first)
            batch = self._paid(self.judge, batch.having({DOUBTED: asked, CHANCE: chances}), asked)
        return batch

    def _paid(self, stage: Stage, batch: Batch, asked: np.ndarray) -> Batch:
        """The batch after a stage, whose cost is written down."""
        if not asked.any():
            return batch
        started = time.process_time()
        after = stage.run(batch)
        spent = time.process_time() - started
        spans = batch.spans
        self._costs[stage.name] += StageCost(
            stage.name,
            documents=len(np.unique(spans.document[asked])),
            segments=int(asked.sum()),
            characters=int((spans.end - spans.start)[asked].sum()),
            cpu_seconds=spent,
            changed=int(scores_differ(batch, after).sum()),
        )
        return after


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
