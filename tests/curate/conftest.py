"""Arbitrary documents with arbitrary voices in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st

from eudaimon.core.document import Document, Segment
from eudaimon.core.identity import short_hash, span_hash
from eudaimon.curate import DocumentScores, SegmentScores
from eudaimon.curate.taxonomy import STANCES, SUBJECTS, TRAITS
from eudaimon.data import categories

ANY_TEXT = st.text(st.characters(), max_size=40)
"""All of Unicode, lone surrogates too."""


@st.composite
def scored(draw: Any, complete: bool = False, encodable: bool = False) -> tuple[Document, DocumentScores]:
    """A document, and scores of segments of it that overlap, nest and repeat as they like.

    ``complete``: nothing is unscored and nothing failed. ``encodable``: no lone surrogate in names.
    """
    names = st.text(st.characters(exclude_categories=("Cs",) if encodable else ()), max_size=4)
    text = draw(ANY_TEXT)
    place = st.integers(0, len(text))
    spans = [tuple(sorted(s)) for s in draw(st.lists(st.tuples(place, place), max_size=5))]
    document = Document(
        draw(names),
        text,
        {"source": draw(st.sampled_from(("books", "forum")))},
        tuple(Segment(*s, voice="v") for s in spans),
    )
    missing = st.nothing() if complete else st.none()
    rows = []
    for k, (start, end) in enumerate(spans):
        kinds = (
            tuple(categories())
            if complete
            else draw(st.lists(st.sampled_from(tuple(categories())), unique=True))
        )
        traits = TRAITS if complete else draw(st.lists(st.sampled_from(TRAITS), unique=True))
        rows.append(
            SegmentScores(
                document.id, start, end, span_hash(text[start:end]), draw(names), draw(names),
                parent=draw(st.sampled_from((None, *range(k)))) if k else None,
                harm={name: draw(st.sampled_from((0.0, 0.3, 0.7, 1.0))) for name in kinds},
                severity=draw(missing | st.sampled_from((5.0, 0.0, 4.0, 3.0, 2.0, 1.0))),
                stance=draw(missing | st.sampled_from(STANCES)),
                frame=draw(missing | st.sampled_from(STANCES)),
                traits={name: draw(st.sampled_from((-2.0, 0.0, 1.0, 2.0))) for name in traits},
                subject=draw(missing | st.sampled_from(SUBJECTS)),
                hazard=draw(missing | st.sampled_from((0.0, 0.6, 1.0))),
                stage=draw(missing | st.sampled_from((0, 1, 2, 3))),
                error="" if complete else draw(st.sampled_from(("", "", "", "no answer"))),
            )
        )  # fmt: skip
    return document, DocumentScores(
        document.id, tuple(rows), short_hash(text), str(document.metadata["source"]), "m0",
        error="" if complete else draw(st.sampled_from(("", "", "", "too long"))),
    )  # fmt: skip


@pytest.fixture(scope="session")
def any_scored() -> Callable[..., Any]:
    return scored
