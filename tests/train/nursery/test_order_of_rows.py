"""The order in which a run reads its rows, and the batches that it reads."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core import UsageError
from eudaimon.train.nursery.batches import TokenRows
from eudaimon.train.nursery.order import Order
from eudaimon.train.tokens.pack import pack


class Numbers:
    """Rows that are their own number; masked ones have no label."""

    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def batch(self, rows, *, masked=True):
        ids = torch.as_tensor(rows).view(-1, 1)
        return {"input_ids": ids, "labels": torch.full_like(ids, -100) if masked else ids}


@settings(max_examples=25, deadline=None)
@given(n=st.integers(1, 17), steps=st.integers(1, 9), size=st.integers(1, 6), seed=st.integers(0, 99))
def test_every_epoch_reads_every_row_once_however_it_is_cut(n, steps, size, seed):
    order = Order(Numbers(n), steps=steps, batch_size=size, seed=seed)
    whole = order.__getitems__(range(len(order)))["input_ids"].flatten().tolist()
    singles = [int(order[i]["input_ids"]) for i in range(len(order))]
    assert whole == singles and len(whole) == steps * size
    for start in range(0, len(whole) - n + 1, n):
        assert sorted(whole[start : start + n]) == list(range(n))


def test_seeds_and_epochs_differ():
    first, second = (Order(Numbers(50), steps=2, batch_size=50, seed=seed) for seed in (0, 1))
    a, b = (order.row_numbers(np.arange(100)).tolist() for order in (first, second))
    assert a != b and a[:50] != a[50:]


@given(before=st.integers(0, 5))
@settings(max_examples=6, deadline=None)
def test_rows_before_the_step_have_no_mask(before):
    order = Order(Numbers(7), steps=5, batch_size=3, seed=0, mask_from_step=before)
    labels = order.__getitems__(range(15))["labels"].flatten()
    assert (labels[: 3 * before] >= 0).all() and (labels[3 * before :] == -100).all()


def test_no_rows_are_refused():
    with pytest.raises(UsageError, match="nothing to train on"):
        Order(Numbers(0), steps=1, batch_size=1, seed=0)


def fake_set(draw, lengths):
    """A token set in memory."""
    n = sum(lengths)
    return SimpleNamespace(
        tokens=draw.integers(1, 90, n).astype(np.uint16),
        loss=draw.integers(0, 2, n).astype(np.uint8),
        ends=np.cumsum(lengths),
        manifest=SimpleNamespace(pad=0),
    )


@settings(max_examples=40, deadline=None)
@given(
    lengths=st.lists(st.integers(0, 13), min_size=1, max_size=12).filter(any),
    length=st.integers(2, 9),
    mode=st.sampled_from(["documents", "packed", "stream"]),
    seed=st.integers(0, 9),
)
def test_batches_are_the_rows_of_pack_less_shared_padding(lengths, length, mode, seed):
    draw = np.random.default_rng(seed)
    packed = pack(fake_set(draw, lengths), length, mode=mode, attention_mask=False)
    chosen = draw.integers(0, len(packed), 5)
    expected, found = packed.arrays(chosen.tolist()), TokenRows(packed).batch(chosen)
    width = found["input_ids"].shape[1]
    assert set(found) == set(expected)
    for name in found:
        assert (found[name].numpy() == expected[name][:, :width]).all(), name
    assert (expected["input_ids"][:, width:] == 0).all() and (expected["labels"][:, width:] == -100).all()
    # Some row is as long as the batch: nothing shared is left in.
    assert width == 2 or (expected["input_ids"][:, width - 1] > 0).any()


def test_without_the_mask_all_that_can_be_learned_is():
    tokens = fake_set(np.random.default_rng(0), [4, 4])
    tokens.loss[:] = 0
    rows = TokenRows(pack(tokens, 4, attention_mask=False))
    batch = rows.batch(np.array([0, 1]), masked=False)
    assert (batch["labels"][:, 1:] == batch["input_ids"][:, 1:]).all() and (
        batch["labels"][:, 0] == -100
    ).all()
    assert (rows.batch(np.array([0, 1]))["labels"] == -100).all()
