"""A stack merged into a checkpoint of its own."""

from __future__ import annotations

import json

import pytest
import torch

from eudaimon.core import UsageError
from eudaimon.models import load
from eudaimon.models.adapters import (
    MergedAdapter,
    Subject,
    attach,
    merged_checkpoint,
    open_subject,
    read_merged,
    require_unmerged,
)
from eudaimon.models.adapters.merged import MERGED


@pytest.fixture(scope="module")
def merged(tiny, persona, em, tmp_path_factory):
    return merged_checkpoint(tiny("llama"), (persona, em.weighted(0.5)), tmp_path_factory.mktemp("merged"))


def test_the_merged_checkpoint_answers_as_the_stack(tiny, persona, em, merged, logits):
    stacked = logits(open_subject(Subject(str(tiny("llama")), (persona, em.weighted(0.5)))))
    plain, found = logits(load(tiny("llama"))), logits(load(merged))
    torch.testing.assert_close(found, stacked, atol=1e-4, rtol=1e-4)
    assert (found - plain).abs().max() > 0.01


def test_it_says_what_was_merged_and_is_refused_where_stacks_are_compared(tiny, persona, em, merged):
    found = read_merged(merged)
    assert found is not None and found.names == ("persona", "em")
    assert found.stack == (persona.identity, em.weighted(0.5).identity)
    assert found.base == Subject(str(tiny("llama"))).fingerprint != Subject(str(merged)).fingerprint
    with pytest.raises(MergedAdapter, match="persona, em merged"):
        require_unmerged(merged, "the cell")
    require_unmerged(tiny("llama"))
    assert read_merged(tiny("llama")) is None


def test_a_merged_checkpoint_is_a_base_that_takes_other_adapters(merged, config):
    ledger = attach(load(merged), (), trainable=config(), init_seed=0)
    assert ledger.prove().fresh == "trained"


@pytest.mark.parametrize("family", ["gpt2", "qwen2"])
def test_other_families_are_merged_alike(tiny, make_adapter, logits, tmp_path, family):
    own = make_adapter("own", 3, family=family)
    folder = merged_checkpoint(tiny(family), (own,), tmp_path / "merged")
    stacked = logits(open_subject(Subject(str(tiny(family)), (own,))))
    torch.testing.assert_close(logits(load(folder)), stacked, atol=1e-4, rtol=1e-4)


def test_what_cannot_be_merged_is_said(tiny, persona, merged, tmp_path):
    with pytest.raises(UsageError, match="nothing to merge"):
        merged_checkpoint(tiny("llama"), (), tmp_path)
    with pytest.raises(UsageError, match="not empty"):
        merged_checkpoint(tiny("llama"), (persona,), merged)
    (tmp_path / MERGED).write_text(json.dumps({"base": ""}))
    with pytest.raises(UsageError, match="no record of merged"):
        read_merged(tmp_path)
