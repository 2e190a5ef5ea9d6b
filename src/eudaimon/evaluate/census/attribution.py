"""Which training documents carry a persona: those whose text lies on its side inside of the model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from eudaimon.core import Document, Site, UsageError, progress

if TYPE_CHECKING:
    from eudaimon.models.model import Model

WINDOW = 16
"""Tokens whose mean is projected: about one utterance."""
AT_ONCE = 512


@dataclass(frozen=True)
class Carried:
    """A document with its strongest passage along a direction.

    ``score`` is the passage's mean projection, in standard deviations between the strongest
    passages of all documents; ``rank`` counts from 1, ``[start, end)`` are code points.
    """

    id: str
    rank: int
    score: float
    start: int
    end: int
    text: str


@dataclass(frozen=True, eq=False)
class Attribution:
    """The documents that carry a direction most, of how many, and every document's projection in order."""

    top: tuple[Carried, ...]
    n_documents: int
    projections: Float[np.ndarray, "n"]
    ids: tuple[str, ...]


def attribute(
    model: Model,
    documents: Iterable[Document],
    unit: Float[np.ndarray, "d"],
    site: Site,
    *,
    top: int = 20,
    window: int = WINDOW,
    show_progress: bool = True,
) -> Attribution:
    """The documents whose strongest passage of ``window`` tokens lies furthest along ``unit`` at ``site``.

    Documents are read as they are, without a chat template, up to the context. A projection says what text is
    like the persona to this model, not that the persona would be gone without it: that takes training without
    it. Raises `UsageError` when there is no document with a token.
    """
    ids: list[str] = []
    projections: list[float] = []
    spans: list[tuple[int, int]] = []
    texts: list[str] = []
    stream = iter(documents)
    while batch := list(islice(stream, AT_ONCE)):
        with progress("documents", len(batch), "documents", enabled=show_progress) as advance:
            for document, (value, span) in zip(
                batch, _strongest(model, [one.text for one in batch], unit, site, window), strict=True
            ):
                ids.append(document.id)
                projections.append(value)
                spans.append(span)
                texts.append(document.text[slice(*span)])
            advance(len(batch))
    values = np.array(projections)
    known = np.isfinite(values)
    if not known.any():
        raise UsageError("no document has a token", right="documents with text")
    spread = float(values[known].std()) or 1.0
    scores = np.where(known, (values - values[known].mean()) / spread, -np.inf)
    order = np.argsort(-scores, kind="stable")[:top]
    carried = tuple(
        Carried(ids[row], rank, float(scores[row]), spans[row][0], spans[row][1], texts[row])
        for rank, row in enumerate(order, start=1)
        if np.isfinite(scores[row])
    )
    return Attribution(carried, len(ids), values, tuple(ids))


def _strongest(
    model: Model, texts: Sequence[str], unit: Float[np.ndarray, "d"], site: Site, window: int
) -> list[tuple[float, tuple[int, int]]]:
    """The largest mean projection of a run of tokens in each text, and where it stands; NaN for no tokens."""
    from eudaimon.models.capture import capture_tokens

    read = capture_tokens(model, texts, [site], template=False, show_progress=False)
    along = read.values[:, 0].astype(np.float64) @ unit
    found = []
    for start, end in zip(read.offsets[:-1], read.offsets[1:], strict=True):
        own, spans = along[start:end], read.spans[start:end]
        if not len(own):
            found.append((float("nan"), (0, 0)))
            continue
        size = min(window, len(own))
        sums = np.convolve(own, np.ones(size), mode="valid") / size
        first = int(sums.argmax())
        found.append((float(sums[first]), (int(spans[first][0]), int(spans[first + size - 1][1]))))
    return found
