"""Stages that read paragraphs first, and look for voices only in documents where one is suspicious.

To find voices costs more than to score them, and in most documents there is nothing to tell apart.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.core.identity import short_hash
from eudaimon.curate.score_table import HARM
from eudaimon.curate.scorer import StageCost
from eudaimon.curate.stages.batch import Batch, Stage
from eudaimon.curate.stages.paragraphs import paragraph_spans
from eudaimon.curate.stages.spans import Spans
from eudaimon.curate.stages.staged import StagedScorer
from eudaimon.curate.voices.find import LONGEST
from eudaimon.curate.voices.pieces import pieces

PARAGRAPHS = "paragraphs"
"""What cutting documents into paragraphs is called among the costs."""


class ScreenedScorer(StagedScorer):
    """A scorer whose documents keep their paragraphs as segments unless one is suspicious.

    Where `likely_bad` of any paragraph reaches ``bound``, the voices of that document are found and scored as
    `StagedScorer` does; with a bound of 0 that is everywhere. A voice whose words are drowned in those of its
    paragraph is missed: a lower bound misses fewer. Segments that documents have are
    kept too. Costs count a document that is read again twice. Raises `UsageError` on a bound that is no
    probability.
    """

    def __init__(self, stages: Sequence[Stage], bound: float) -> None:
        if not 0 <= bound <= 1:
            raise UsageError(f"{bound} is no probability", right="a bound in [0, 1]")
        super().__init__(stages)
        self.bound = bound
        self.hash = short_hash(["screened", bound, self.hash])
        self._costs = {PARAGRAPHS: StageCost(PARAGRAPHS), **self._costs}

    def read(self, documents: Sequence[Document]) -> Batch:
        """The batch of the documents as the last stage leaves it."""
        started = time.process_time()
        # Known segments are for the second reading: here every document is only its text.
        spans = short_paragraphs(documents)
        batch = Batch(tuple(documents), spans, {}, spans.errors)
        self._count(PARAGRAPHS, batch, started, len(spans))
        batch = self._staged(batch)
        chosen = suspicious(batch, self.bound)
        if not chosen:
            return batch
        return batch.replaced(chosen, super().read([documents[number] for number in chosen]))


def short_paragraphs(documents: Sequence[Document]) -> Spans:
    """The paragraphs of documents, those longer than `LONGEST` cut at the ends of sentences."""
    spans = paragraph_spans(documents)
    long = np.flatnonzero(spans.end - spans.start > LONGEST)
    if not len(long):
        return spans
    owner = spans.document
    cuts = {
        row: list(
            pieces(spans.texts[owner[row]], [(int(spans.start[row]), int(spans.end[row]))], (), LONGEST)
        )
        for row in long.tolist()
    }
    times = np.ones(len(spans), dtype=np.int64)
    times[long] = [len(cut) for cut in cuts.values()]
    rows = np.repeat(np.arange(len(spans)), times)
    start, end = spans.start[rows], spans.end[rows]
    places = np.cumsum(times) - times
    for row, cut in cuts.items():
        inside = slice(places[row], places[row] + len(cut))
        start[inside], end[inside] = np.array(cut).T
    return replace(
        spans,
        first=np.concatenate([[0], np.cumsum(times)])[spans.first],
        start=start,
        end=end,
        parent=spans.parent[rows],
        voice=replace(spans.voice, codes=spans.voice.codes[rows]),
        persona=replace(spans.persona, codes=spans.persona.codes[rows]),
        subject=replace(spans.subject, codes=spans.subject.codes[rows]),
        shared={},
    )


def suspicious(batch: Batch, bound: float) -> list[int]:
    """The numbers of documents to be read again: with segments, an error, or a paragraph over the bound."""
    found = {number for number, document in enumerate(batch.documents) if document.segments is not None}
    found |= set(batch.spans.document[likely_bad(batch) >= bound].tolist())
    return sorted(found | set(batch.errors))


def likely_bad(batch: Batch) -> Float[np.ndarray, " rows"]:
    """The probability of the likeliest harm times that of an acting stance, for each row, in [0, 1].

    A policy that asks for harm of 0.5 and an acting stance cannot hold below 1/6: the stance is one of three.
    """
    harms = [np.nan_to_num(values) for name, values in batch.columns.items() if name.startswith(HARM)]
    rows = len(batch.spans)
    worst = np.max(harms, axis=0) if harms else np.zeros(rows)
    return np.asarray(worst * batch.columns.get("acts", np.ones(rows)))
