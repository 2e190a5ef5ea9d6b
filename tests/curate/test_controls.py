from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import eudaimon.curate.draw as drawing
from eudaimon.core.errors import UsageError
from eudaimon.curate import Unit, backfill, random_removal, tokens_by_stratum
from eudaimon.curate.draw import order

UNITS = st.lists(
    st.builds(Unit, st.uuids().map(str), st.sampled_from(("books", "forum", "news")), st.integers(0, 60)),
    min_size=1,
    max_size=30,
    unique_by=lambda unit: unit.id,
)


def ids(drawn, units):
    return {unit.id for unit in units if unit in drawn}


def in_memory(wanted, units, purpose, seed):
    """The same draw with all units in memory at once."""
    found = set()
    for stratum, n in wanted.items():
        total = 0
        of = [unit for unit in units if unit.stratum == stratum]
        for unit in sorted(of, key=lambda unit: order(seed, purpose, unit.id)):
            if total + unit.n_tokens / 2 > n:
                break
            found.add(unit.id)
            total += unit.n_tokens
    return found


@pytest.mark.parametrize("buckets", [4096, 16])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(units=UNITS, share=st.floats(0, 1.2), seed=st.integers(0, 5))
def test_each_stratum_loses_what_it_should_to_half_a_unit(units, share, seed, buckets, monkeypatch):
    # Of 16 parts each holds several units.
    monkeypatch.setattr(drawing, "BUCKETS", buckets)
    wanted = {stratum: int(n * share) for stratum, n in tokens_by_stratum(units).items()}
    drawn = random_removal(wanted, lambda: iter(units), seed=seed)
    found = ids(drawn, units)
    assert found == in_memory(wanted, units, "removal", seed) and len(found) == drawn.n
    of = tokens_by_stratum(unit for unit in units if unit.id in found)
    assert {s: n for s, n in drawn.drawn.items() if n} == {s: n for s, n in of.items() if n}
    for stratum, n in wanted.items():
        there = [unit.n_tokens for unit in units if unit.stratum == stratum]
        if stratum in drawn.missing:
            assert drawn.drawn[stratum] == sum(there) and drawn.missing[stratum] == n - sum(there) > 0
        else:
            assert abs(drawn.drawn[stratum] - n) <= max(there) / 2
    assert drawn == random_removal(wanted, lambda: units[::-1], seed=seed)


@settings(max_examples=30, deadline=None)
@given(UNITS)
def test_a_larger_removal_draws_what_a_smaller_one_does(units):
    total = tokens_by_stratum(units)
    small = random_removal({s: n // 4 for s, n in total.items()}, lambda: units, seed=3)
    large = random_removal({s: n // 2 for s, n in total.items()}, lambda: units, seed=3)
    assert ids(small, units) <= ids(large, units)


def test_the_draw_is_at_random_and_blind_to_what_is_bad():
    units = [Unit(str(k), "forum", 10) for k in range(400)]
    bad = {str(k) for k in range(200)}
    drawn = [ids(random_removal({"forum": 2000}, lambda: units, seed=seed), units) for seed in range(20)]
    assert len({frozenset(each) for each in drawn}) == 20 and all(len(each) == 200 for each in drawn)
    share = sum(len(bad & each) for each in drawn) / 4000
    assert 0.45 < share < 0.55


def test_of_many_units_only_those_of_one_part_are_held():
    units = [Unit(str(k), "forum", 1) for k in range(20_000)]
    held = 0

    def counted():
        nonlocal held
        for unit in units:
            yield unit
            held += 1

    drawn = random_removal({"forum": 5000}, counted, seed=0)
    assert drawn.n == 5000 == drawn.drawn["forum"] and held == 40_000
    assert ids(drawn, units) == in_memory({"forum": 5000}, units, "removal", 0)


def test_backfill_takes_approved_units_of_the_stratum():
    approved = [Unit(f"b{k}", "books", 5) for k in range(10)] + [Unit("f", "forum", 5)]
    drawn = backfill({"books": 20, "news": 7}, lambda: approved, seed=0)
    assert drawn.drawn == {"books": 20, "news": 0} and drawn.missing == {"news": 7}
    assert drawn.n == 4 and "f" not in ids(drawn, approved)
    assert drawn.wanted == {"books": 20, "news": 7}
    assert ids(random_removal({"books": 20}, lambda: approved, seed=0), approved) != ids(drawn, approved)


def test_mistakes():
    units = [Unit("a", "books", 5)]
    with pytest.raises(UsageError, match="comes from forum"):
        random_removal({"forum": 5}, lambda: units, seed=0)
    with pytest.raises(UsageError, match="-1 tokens"):
        backfill({"books": -1}, lambda: units, seed=0)
    with pytest.raises(ValueError, match="-2 tokens"):
        Unit("a", "books", -2)
    assert random_removal({"forum": 0}, lambda: units, seed=0).n == 0
