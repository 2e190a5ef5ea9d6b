"""Stages one after the other as a scorer, with what each of them cost."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from eudaimon.core.document import Document
from eudaimon.core.identity import short_hash
from eudaimon.curate.scorer import StageCost
from eudaimon.curate.stages.batch import CODED, Batch, Stage, number_columns
from eudaimon.curate.stages.spans import Segmenter

if TYPE_CHECKING:
    import pyarrow

log = logging.getLogger(__name__)

VOICES, TABLE = "voices", "table"
"""What finding segments, and making the table with its hashes, is called among the costs."""


class StagedScorer:
    """A scorer that asks its stages in order.

    A stage that fails on a batch is asked document by document, so that only those that it fails on get an
    error. ``segmenter`` finds segments where documents have none; ``cut`` names it in the `hash`.
    """

    def __init__(
        self, stages: Sequence[Stage], segmenter: Segmenter | None = None, *, cut: str = "voices"
    ) -> None:
        self.stages, self.segmenter, self.cut = tuple(stages), segmenter, cut
        self.hash = short_hash(["staged", cut, *(stage.hash for stage in self.stages)])
        names = [VOICES, *(stage.name for stage in self.stages), TABLE]
        self._costs = {name: StageCost(name) for name in names}

    def score(self, documents: Sequence[Document]) -> pyarrow.Table:
        """The scores of the documents, in order."""
        batch = self.read(documents)
        started = time.process_time()
        table = batch.table(self.hash)
        self._count(TABLE, batch, started, 0)
        return table

    def read(self, documents: Sequence[Document]) -> Batch:
        """The batch of the documents as the last stage leaves it, for stages after these."""
        started = time.process_time()
        batch = Batch.of(documents, self.segmenter)
        self._count(VOICES, batch, started, len(batch.spans))
        return self._staged(batch)

    def _staged(self, batch: Batch) -> Batch:
        for stage in self.stages:
            started = time.process_time()
            after = self._run(stage, batch)
            self._count(stage.name, after, started, changed(batch, after))
            batch = after
        return batch

    def costs(self) -> tuple[StageCost, ...]:
        """The costs of finding voices, of each stage, and of making the table."""
        return tuple(self._costs.values())

    def _run(self, stage: Stage, batch: Batch) -> Batch:
        try:
            return stage.run(batch)
        except Exception as error:  # One document must not stop a corpus; its row says why.
            if len(batch.documents) == 1:
                return batch.failing({0: f"{stage.name}: {type(error).__name__}: {error}"})
            log.exception("stage %s failed on a batch: it is asked document by document", stage.name)
        return batch.joined([self._run(stage, batch.only(k)) for k in range(len(batch.documents))])

    def _count(self, name: str, batch: Batch, started: float, changed: int) -> None:
        spent = time.process_time() - started
        spans = batch.spans
        characters = int((spans.end - spans.start).sum())
        self._costs[name] += StageCost(
            name, len(batch.documents), len(spans), characters, spent, int(changed)
        )


def changed(before: Batch, after: Batch) -> int:
    """How many segments have other scores than before, in columns that reach the table."""
    different = np.zeros(len(after.spans), dtype=bool)
    for name in (*number_columns(), *CODED):
        new, old = after.columns.get(name), before.columns.get(name)
        if new is None or new is old:
            continue
        if old is None:
            different |= new >= 0 if name in CODED else ~np.isnan(new)
        else:
            different |= (new != old) & ~(np.isnan(new) & np.isnan(old))
        if different.all():  # as after the first stage that scores
            break
    return int(different.sum())
