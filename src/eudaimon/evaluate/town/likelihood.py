"""How likely a model finds what good and bad voices say: no judge, no question, only text."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Int

from eudaimon.core import UsageError
from eudaimon.core.document import Document, Segment
from eudaimon.evaluate.rows import Label, Row
from eudaimon.evaluate.subject import subject_hash

if TYPE_CHECKING:
    from eudaimon.models.model import Model

CLASSES = ("good", "bad", "depicting", "clean")


def likelihood_rows(
    model: Model, documents: Sequence[Document], *, label: Label | None = None, show_progress: bool = True
) -> list[Row]:
    """Bits per token of each document's good, bad, depicting and clean text: ``bits_good`` and so on, >= 0.

    A token belongs to the innermost segment that it begins in: bad as `Segment.bad`; depicting, when harm is
    told of or condemned; good, when somebody speaks otherwise; clean, when nobody in particular does. The
    document is the question; of one over the context, its first tokens count. Classes that it lacks give no
    row. Raises `UsageError` when segments are not known or documents share an id, and as `token_likelihood`.
    """
    from eudaimon.evaluate.likelihood import token_likelihood

    label = label or Label()
    if len({document.id for document in documents}) < len(documents):
        raise UsageError("documents share an id", right="one id for each document, which is its question")
    for document in documents:
        if document.segments is None:
            raise UsageError(f"document {document.id} has no segments", right="documents with known voices")
    subject = subject_hash(model, label)
    texts = [document.text for document in documents]
    rows = []
    likelihoods = token_likelihood(model, texts, cut=True, show_progress=show_progress)
    for document, found in zip(documents, likelihoods, strict=True):
        kinds = character_classes(document)[found.span[:, 0]]
        for number, name in enumerate(CLASSES):
            bits = -found.log_probability[kinds == number] / log(2)
            if len(bits):
                question, value = f"document/{document.id}", float(bits.mean())
                rows.append(
                    label.row(question, "0", f"bits_{name}", value, judge="likelihood", subject=subject)
                )
    return rows


def segment_class(segment: Segment) -> str:
    """Which of `CLASSES` the text of a segment belongs to."""
    if segment.bad:
        return "bad"
    if segment.harm > 0 or segment.stance in ("depicts", "condemns"):
        return "depicting"
    return "good" if segment.persona else "clean"


def character_classes(document: Document) -> Int[np.ndarray, "characters"]:
    """The place in `CLASSES` of each character and of the end: the class of the innermost segment there."""
    of_character = np.full(len(document.text) + 1, CLASSES.index("clean"))
    # A segment that another one encloses comes later: what is written last is the innermost.
    for segment in sorted(document.segments or (), key=lambda one: (one.start, -one.end)):
        of_character[segment.start : segment.end] = CLASSES.index(segment_class(segment))
    return of_character
