"""What the first stages of a scorer say of labelled segments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from eudaimon.core.document import Document, Segment
from eudaimon.curate.labelled.segment import LabelledSegment
from eudaimon.curate.stages.batch import Batch, Stage
from eudaimon.curate.stages.encoder import labelled_excerpt
from eudaimon.curate.stages.escalation import suspicions
from eudaimon.curate.stages.linear import SUSPICION


def first_words(stages: Sequence[Stage], rows: Sequence[LabelledSegment]) -> Mapping[str, np.ndarray]:
    """What first stages say of labelled rows, in their order: columns as in `Batch`, with suspicion.

    A quoted row is read with the voice that quotes it, as it is in a corpus.
    """
    batch, places = _as_batch(rows)
    for stage in stages:
        batch = stage.run(batch)
    found = {**batch.columns, SUSPICION: suspicions(batch)}
    return {name: values[places] for name, values in found.items()}


def _as_batch(rows: Sequence[LabelledSegment]) -> tuple[Batch, np.ndarray]:
    """The rows as documents, each with the voice that quotes it, if one does; and their places."""
    documents, places, n = [], [], 0
    for row in rows:
        item = labelled_excerpt(row)
        text = item.frame_before + item.text + item.frame_after
        start, end = len(item.frame_before), len(item.frame_before) + len(item.text)
        own = Segment(start, end, row.voice or "narrator", parent=0 if item.quoted else None)
        segments = (Segment(0, len(text), "narrator"), own) if item.quoted else (own,)
        documents.append(Document(str(n), text, {"source": row.source}, segments))
        n += len(segments)
        places.append(n - 1)
    return Batch.of(documents), np.array(places, dtype=np.int64)
