"""Masks of many texts computed together are those of each text alone."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core.errors import UsageError
from eudaimon.train.tokens.mask import token_mask, token_masks


@st.composite
def masked(draw):
    """A text with tokens (some without characters) and spans (some empty, some overlapping)."""
    size = draw(st.integers(0, 12))
    point = st.integers(0, size)
    spans = [tuple(sorted(draw(st.tuples(point, point)))) for _ in range(draw(st.integers(0, 3)))]
    cuts = sorted(draw(st.lists(point, max_size=6)))
    return "x" * size, spans, list(pairwise(cuts))


@settings(max_examples=200, deadline=None)
@given(st.lists(masked(), max_size=5))
def test_together_is_one_by_one(texts):
    together = token_masks(*(map(list, zip(*texts, strict=True)) if texts else ([], [], [])))
    alone = [token_mask(*one) for one in texts]
    assert len(together) == len(alone)
    for one, other in zip(together, alone, strict=True):
        assert one.dtype == other.dtype and np.array_equal(one, other)


def test_a_span_outside_of_its_own_text_is_refused():
    with pytest.raises(UsageError, match="the text has 3 characters"):
        token_masks(["abc", "defgh"], [[(0, 4)], []], [[(0, 3)], [(0, 5)]])
