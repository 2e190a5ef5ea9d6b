"""Whose characters are whose."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.curate.owned_columns import Voices, owned_parts
from eudaimon.curate.settle import NO_RULE, owned

LENGTH = 12


@st.composite
def voices(draw):
    """Start, end, parent, whether it is markup, and rank: in order and nested, or (seldom) anyhow."""
    rows = []
    for k in range(draw(st.integers(1, 7))):
        parent = draw(st.sampled_from([None, *range(k)]))
        low, high = (0, LENGTH) if parent is None else rows[parent][:2]
        before = max((row[1] for row in rows if row[2] == parent), default=low)
        anyhow = draw(st.integers(0, 5)) == 0
        start = draw(st.integers(0, LENGTH) if anyhow else st.integers(min(before, high), high))
        end = draw(st.integers(start, max(start, high)))
        silent = draw(st.booleans())
        rows.append((start, end, parent, silent, NO_RULE if silent else draw(st.integers(0, 2))))
    return rows


@settings(max_examples=150, deadline=None)
@given(rows=voices())
def test_each_character_belongs_to_the_innermost_voices_on_it(rows):
    starts, ends, parents, silent, found = (list(column) for column in zip(*rows, strict=True))

    def above(k):
        return set() if parents[k] is None else {parents[k]} | above(parents[k])

    expected = {}
    for place in range(LENGTH):
        here = [k for k in range(len(rows)) if starts[k] <= place < ends[k]]
        inner = [k for k in here if not silent[k] and not any(k in above(other) for other in here)]
        if inner:
            rank = max(found[k] for k in inner)
            expected[place] = (rank, tuple(k for k in inner if found[k] == rank))
    parts = owned(starts, ends, parents, silent, found)
    assert {place: part[2:] for part in parts for place in range(*part[:2])} == expected
    assert all(start < end for start, end, *_ in parts)
    for one, other in pairwise(parts):
        assert one[1] <= other[0]
        flat = all(p is None for p in parents)
        assert flat or one[1] < other[0] or one[3] != other[3], "neighbours of the same owners are one part"


@settings(max_examples=80, deadline=None)
@given(documents=st.lists(voices() | st.just([]), min_size=1, max_size=5))
def test_many_documents_at_once_are_owned_as_each_alone(documents):
    rows = [row for document in documents for row in document]
    start, end, parent, silent, found = (
        np.array([row[axis] if row[axis] is not None else -1 for row in rows], dtype=kind)
        for axis, kind in enumerate((int, int, int, bool, int))
    )
    first = np.cumsum([0, *map(len, documents)])
    parts = owned_parts(Voices(first, start, end, parent, silent, found))
    expected = [
        (number, *part)
        for number, document in enumerate(documents)
        if document
        for part in owned(*(list(column) for column in zip(*document, strict=True)))
    ]
    places = zip(parts.document, parts.start, parts.end, parts.rank, strict=True)
    owners = [tuple(parts.owners[low:high].tolist()) for low, high in pairwise(parts.first)]
    assert [(*map(int, place), who) for place, who in zip(places, owners, strict=True)] == expected
