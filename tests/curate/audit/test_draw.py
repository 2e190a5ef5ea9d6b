"""Samples are what they say: strata counted exactly, chances as stated, the same from the same seed."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core.errors import UsageError
from eudaimon.curate import write_scores
from eudaimon.curate.audit.allocate import LEAST, allocate, bins_that_fit
from eudaimon.curate.audit.draw import POOLED, draw_sample
from eudaimon.curate.decided import score_files


def test_strata_count_the_corpus_exactly(known, policy):
    sample = draw_sample(score_files(known.folder), policy, n=300)
    plan = sample.plan
    assert plan.n_segments == len(known.keys) == sum(s.n_segments for s in plan.strata)
    for sort, keys in (("removed", known.removed), ("kept", set(known.keys) - known.removed)):
        for source in ("books", "forum", "chat"):
            wanted = sum(known.sources[key] == source for key in keys)
            assert sum(s.n_segments for s in plan.strata if (s.source, s.sort) == (source, sort)) == wanted
    assert plan.n_errors > 0
    assert plan.models == ("m0",)
    drawn = Counter(item.stratum for item in sample.items)
    assert drawn == {s.name: s.n_drawn for s in plan.strata if s.n_drawn}
    assert len({item.key for item in sample.items}) == len(sample.items) == 300
    by_name = {s.name: s for s in plan.strata}
    for item in sample.items:
        stratum = by_name[item.stratum]
        assert known.sources[item.key] == stratum.source
        assert (item.key in known.removed) == (stratum.sort == "removed")
        assert stratum.bin == np.searchsorted(plan.edges, item.score, side="right")
        assert 0 < stratum.probability <= 1


def test_bins_hold_about_the_same_number(known, policy):
    plan = draw_sample(score_files(known.folder), policy, n=600, n_bins=10).plan
    assert len(plan.edges) == 9
    per_bin = Counter()
    for stratum in plan.strata:
        per_bin[stratum.bin] += stratum.n_segments
    assert len(per_bin) == 10
    assert max(per_bin.values()) < 1.3 * min(per_bin.values())


def test_the_same_seed_draws_the_same_whatever_the_shards(known, make_known, policy, tmp_path):
    other = make_known(tmp_path, shards=7)
    one = draw_sample(score_files(known.folder), policy, n=100, seed=5)
    assert one == draw_sample(score_files(other.folder)[::-1], policy, n=100, seed=5)
    different = draw_sample(score_files(known.folder), policy, n=100, seed=6)
    assert {i.key for i in one.items} != {i.key for i in different.items}


def test_every_item_of_a_stratum_has_the_same_chance(make_known, policy, tmp_path):
    known = make_known(tmp_path, n_documents=250, shards=1)
    hits: Counter[tuple[str, int]] = Counter()
    files = score_files(known.folder)
    expected = {}
    rounds = 40
    for seed in range(rounds):
        sample = draw_sample(files, policy, n=120, seed=seed, n_bins=1)
        hits.update(item.key for item in sample.items)
        expected = {(s.source, s.sort): s.probability for s in sample.plan.strata}
    for (source, sort), probability in expected.items():
        keys = [
            k
            for k in known.keys
            if known.sources[k] == source and (k in known.removed) == (sort == "removed")
        ]
        counts = np.array([hits[key] for key in keys])
        assert counts.mean() == pytest.approx(rounds * probability)
        # Binomial, so no item comes far more often than its variance allows.
        spread = rounds * probability * (1 - probability)
        assert np.var(counts) < 1.6 * spread + 0.1
    early = np.array([hits[key] for key in known.keys[:300]]).mean()
    late = np.array([hits[key] for key in known.keys[-300:]]).mean()
    assert early == pytest.approx(late, rel=0.35)


def test_a_small_sample_has_coarse_strata_and_pools_sources(known, policy):
    sample = draw_sample(score_files(known.folder), policy, n=40)
    assert {s.source for s in sample.plan.strata} == {"books", POOLED}
    assert all(s.n_drawn >= min(LEAST, s.n_segments) for s in sample.plan.strata)
    assert len(sample.items) == 40


def test_order_says_nothing_of_the_strata(known, policy):
    items = draw_sample(score_files(known.folder), policy, n=300).items
    first, second = ([i.key in known.removed for i in half] for half in (items[:150], items[150:]))
    assert abs(sum(first) - sum(second)) < 40


def test_what_cannot_be_drawn_is_refused(known, policy, tmp_path):
    with pytest.raises(UsageError, match="says nothing"):
        draw_sample(score_files(known.folder), policy, n=5)
    with pytest.raises(UsageError, match="no segment to draw from"):
        draw_sample([write_scores(tmp_path / "s.parquet", ())], policy)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 500), st.booleans()), min_size=1, max_size=12), st.integers(20, 400))
def test_allocation_gives_all_and_never_too_much(strata, n):
    sizes = np.array([size for size, _ in strata])
    removed = np.array([flag for _, flag in strata])
    given_ = allocate(sizes, removed, n)
    assert given_.sum() == min(n, sizes.sum())
    assert (given_ <= sizes).all()
    if n // 2 >= LEAST * len(strata):
        assert (given_ >= np.minimum(sizes, LEAST)).all()
    half = min(n // 2, sizes[removed].sum())
    assert given_[removed].sum() >= half


def test_as_many_bins_as_two_items_each_allow():
    assert bins_that_fit({1: 6, 2: 12, 10: 60}, 24) == 2
    assert bins_that_fit({1: 6, 10: 60}, 500) == 10
    assert bins_that_fit({1: 60, 10: 600}, 20) == 1
