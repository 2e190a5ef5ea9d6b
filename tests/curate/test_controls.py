from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core.errors import UsageError
from eudaimon.curate import Unit, backfill, random_removal, tokens_by_stratum

UNITS = st.lists(
    st.builds(Unit, st.uuids().map(str), st.sampled_from(("books", "forum", "news")), st.integers(0, 60)),
    min_size=1,
    max_size=30,
    unique_by=lambda unit: unit.id,
)


@settings(max_examples=40, deadline=None)
@given(UNITS, st.floats(0, 1.2), st.integers(0, 5))
def test_each_stratum_loses_what_it_should_to_half_a_unit(units, share, seed):
    wanted = {stratum: int(n * share) for stratum, n in tokens_by_stratum(units).items()}
    drawn = random_removal(wanted, iter(units), seed=seed)
    sizes = {unit.id: unit for unit in units}
    assert len(set(drawn.ids)) == len(drawn.ids)
    assert {s: n for s, n in drawn.drawn.items() if n} == {
        s: n for s, n in tokens_by_stratum(sizes[i] for i in drawn.ids).items() if n
    }
    for stratum, n in wanted.items():
        there = [unit.n_tokens for unit in units if unit.stratum == stratum]
        if stratum in drawn.missing:
            assert drawn.drawn[stratum] == sum(there) and drawn.missing[stratum] == n - sum(there) > 0
        else:
            assert abs(drawn.drawn[stratum] - n) <= max(there) / 2
    assert drawn == random_removal(wanted, units[::-1], seed=seed)


@settings(max_examples=30, deadline=None)
@given(UNITS)
def test_a_larger_removal_draws_what_a_smaller_one_does(units):
    total = tokens_by_stratum(units)
    small = random_removal({s: n // 4 for s, n in total.items()}, units, seed=3)
    large = random_removal({s: n // 2 for s, n in total.items()}, units, seed=3)
    assert set(small.ids) <= set(large.ids)


def test_the_draw_is_at_random_and_blind_to_what_is_bad():
    units = [Unit(str(k), "forum", 10) for k in range(400)]
    bad = {str(k) for k in range(200)}
    drawn = [random_removal({"forum": 2000}, units, seed=seed).ids for seed in range(20)]
    assert len(set(drawn)) == 20 and all(len(ids) == 200 for ids in drawn)
    share = sum(len(bad & set(ids)) for ids in drawn) / 4000
    assert 0.45 < share < 0.55


def test_backfill_takes_approved_units_of_the_stratum_that_are_not_in_yet():
    approved = [Unit(f"b{k}", "books", 5) for k in range(10)] + [Unit("f", "forum", 5)]
    drawn = backfill({"books": 20, "news": 7}, approved, seed=0, exclude=["b0", "b1"])
    assert drawn.drawn == {"books": 20, "news": 0} and drawn.missing == {"news": 7}
    assert len(drawn.ids) == 4 and not {"b0", "b1", "f"} & set(drawn.ids)
    assert drawn.wanted == {"books": 20, "news": 7}
    removed = random_removal({"books": 20}, approved, seed=0)
    assert removed.ids[:4] != backfill({"books": 20}, approved, seed=0).ids[:4]


def test_mistakes():
    units = [Unit("a", "books", 5), Unit("a", "books", 5)]
    with pytest.raises(UsageError, match="twice"):
        random_removal({"books": 5}, units, seed=0)
    with pytest.raises(UsageError, match="comes from forum"):
        random_removal({"forum": 5}, units[:1], seed=0)
    with pytest.raises(UsageError, match="-1 tokens"):
        backfill({"books": -1}, units[:1], seed=0)
    with pytest.raises(ValueError, match="-2 tokens"):
        Unit("a", "books", -2)
    assert random_removal({"forum": 0}, units[:1], seed=0).ids == ()
