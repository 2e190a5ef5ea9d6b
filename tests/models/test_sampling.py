"""Drawing tokens without sorting them all, against the same by a whole sort in numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.models import sampling
from eudaimon.models.sampling import draw


def right(logits, temperature, top_p, drawn):
    """One row at a time: likeliest first, equals by number, cut at the mass, found by counting."""
    tokens = []
    for row, number in zip(logits, drawn, strict=True):
        scaled = row.astype(np.float64) / temperature
        shares = np.exp(scaled - scaled.max())
        shares /= shares.sum()
        order = np.argsort(-shares, kind="stable")
        total = np.cumsum(shares[order])
        kept = np.where(total - shares[order] < top_p, shares[order], 0.0).cumsum()
        tokens.append(order[min(int((kept < number * kept[-1]).sum()), len(row) - 1)])
    return tokens


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 1000),
    vocabulary=st.sampled_from([1, 7, *(head + more for head in sampling.HEADS for more in (0, 1)), 2000]),
    steep=st.sampled_from([0.1, 1.0, 5.0, 20.0]),
    top_p=st.sampled_from([0.3, 0.9, 0.999, 1.0]),
    ties=st.booleans(),
)
def test_as_by_a_whole_sort(seed, vocabulary, steep, top_p, ties):
    rng = np.random.default_rng(seed)
    logits = (steep * rng.standard_normal((5, vocabulary))).astype(np.float32)
    if ties:  # half-precision logits are full of them
        logits = np.round(logits)
    drawn = rng.random(5)
    got = draw(torch.from_numpy(logits), 0.8, top_p, torch.from_numpy(drawn))
    assert got.tolist() == right(logits, 0.8, top_p, drawn)


@pytest.mark.parametrize("top_p", [0.5, 1.0])
def test_rows_do_not_depend_on_one_another(top_p):
    rng = np.random.default_rng(0)
    logits = torch.from_numpy((4 * rng.standard_normal((150, 1500))).astype(np.float32))
    drawn = torch.from_numpy(rng.random(150))
    whole = draw(logits, 1.0, top_p, drawn)
    assert [int(draw(logits[k : k + 1], 1.0, top_p, drawn[k : k + 1])) for k in range(150)] == whole.tolist()
    assert len(set(whole.tolist())) > 50


def test_the_ends_of_the_numbers():
    logits = torch.tensor([[0.0, 3.0, 1.0]])
    ends = torch.tensor([0.0, np.nextafter(1.0, 0.0)], dtype=torch.float64)
    assert draw(logits.repeat(2, 1), 1.0, 1.0, ends).tolist() == [1, 0]
    assert draw(logits.repeat(2, 1), 1.0, 0.5, ends).tolist() == [1, 1]
