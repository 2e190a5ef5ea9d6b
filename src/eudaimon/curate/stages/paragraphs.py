"""Documents cut into paragraphs: no voices are looked for, as in tools that filter by paragraph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from eudaimon.core.document import Document
from eudaimon.curate.stages.spans import Names, Spans
from eudaimon.curate.voices.turn import NARRATOR


def paragraph_spans(documents: Sequence[Document]) -> Spans:
    """The lines of documents as segments of one voice, each with the empty lines after it.

    They tile the text. Empty lines at its beginning are a segment of their own. These are the parts that
    datatrove's filters read in their paragraph mode.
    """
    starts: list[int] = []
    ends: list[int] = []
    first = [0]
    for document in documents:
        begun = len(starts)
        at = 0
        for line in document.text.splitlines(keepends=True):
            if at == 0 or not line.isspace():
                starts.append(at)
            at += len(line)
        ends += starts[begun + 1 :]
        if len(starts) > begun:
            ends.append(at)
        first.append(len(starts))
    n = len(starts)
    same = np.zeros(n, dtype=np.int32)
    return Spans(
        tuple(document.text for document in documents),
        np.array(first, dtype=np.int64),
        np.array(starts, dtype=np.int64),
        np.array(ends, dtype=np.int64),
        np.full(n, -1, dtype=np.int32),
        Names(same, (NARRATOR,)),
        Names(same, ("",)),
        Names(same, ("",)),
        {},
    )
