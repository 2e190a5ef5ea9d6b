"""The labels that documents carry, as scores: the town's oracle, or what people have labelled."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from eudaimon.core.document import Document
from eudaimon.core.identity import short_hash
from eudaimon.curate.scorer import StageCost
from eudaimon.curate.stages.batch import Batch
from eudaimon.curate.taxonomy import STANCES, SUBJECTS

if TYPE_CHECKING:
    import pyarrow


class LabelScorer:
    """A scorer that says what `eudaimon.curate.labelled_scores` says, of any number of documents at once.

    Documents whose segments are not known get an error. ``category`` and ``severity`` are as there.
    """

    def __init__(self, category: str = "other", severity: float = 3.0) -> None:
        self.category, self.severity = category, severity
        self.hash = short_hash(["labels", category, severity])
        self._cost = StageCost("labels")

    def score(self, documents: Sequence[Document]) -> pyarrow.Table:
        """The labels of the documents as a table of scores."""
        started = time.process_time()
        unknown = {
            number: f"document {document.id} has no labels: its voices are not known"
            for number, document in enumerate(documents)
            if document.segments is None
        }
        labelled = [segment for document in documents for segment in document.segments or ()]
        harm = np.array([segment.harm for segment in labelled], dtype=np.float64)

        def codes(names: Sequence[str], values: Sequence[Any]) -> np.ndarray:
            return np.array([names.index(v) if v in names else -1 for v in values], dtype=np.int32)

        batch = Batch.of(documents, segmenter=lambda _: ()).failing(unknown)
        table = batch.having(
            {
                f"harm_{self.category}": harm,
                "severity": harm * self.severity,
                "stance": codes(STANCES, [segment.stance or "none" for segment in labelled]),
                "frame": codes(STANCES, [segment.frame or "none" for segment in labelled]),
                "subject": codes(SUBJECTS, [segment.subject for segment in labelled]),
            }
        ).table("labels")
        spent = time.process_time() - started
        characters = int((batch.spans.end - batch.spans.start).sum())
        n = len(batch.spans)
        self._cost += StageCost("labels", len(documents), n, characters, spent, n)
        return table

    def costs(self) -> tuple[StageCost, ...]:
        """One cost, of the labels."""
        return (self._cost,)
