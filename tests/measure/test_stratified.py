from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core.errors import UsageError
from eudaimon.measure import Stratified, stratified_mean, stratified_ratio, stratified_share, wilson

N = 60_000


def corpus(prevalence: float):
    """What is bad, and the stratum of each item: score bin by source by whether a filter removed it."""
    rng = np.random.default_rng(1)
    bad = rng.random(N) < prevalence
    score = np.where(bad, rng.beta(3, 2, N), rng.beta(0.6, 6, N))
    removed = score > 0.6
    bins = np.searchsorted(np.quantile(score, np.arange(0.1, 1, 0.1)), score, side="right")
    _, stratum = np.unique((bins * 3 + rng.integers(0, 3, N)) * 2 + removed, return_inverse=True)
    return bad, removed, [np.flatnonzero(stratum == h) for h in range(stratum.max() + 1)]


def drawn(removed, strata, n, seed):
    sizes = np.array([len(items) for items in strata])
    flags = np.array([removed[items[0]] for items in strata])
    rng = np.random.default_rng(seed)
    items = []
    for side in (flags, ~flags):
        root = np.sqrt(sizes * side)
        for h in np.flatnonzero(side):
            share = int(max(2, n / 2 * root[h] / root.sum()))
            items.append(rng.choice(strata[h], min(share, sizes[h]), replace=False))
    of_item = np.repeat([h for side in (flags, ~flags) for h in np.flatnonzero(side)], list(map(len, items)))
    return np.concatenate(items), flags, Stratified(of_item, sizes)


@pytest.mark.parametrize("prevalence", [0.005, 0.05])
def test_intervals_cover_the_corpus_about_as_often_as_they_say(prevalence):
    bad, removed, strata = corpus(prevalence)
    dialect = np.random.default_rng(3).random(N) < 0.3
    truth = {
        "precision": bad[removed].mean(),
        "prevalence": bad.mean(),
        "recall": removed[bad].mean(),
        "over-removal": removed[~bad].mean(),
        "over-removal of a dialect": removed[~bad & dialect].mean(),
    }
    covered: dict[str, list[bool]] = {name: [] for name in truth}
    bias: dict[str, list[float]] = {name: [] for name in truth}
    for seed in range(200):
        chosen, flags, sample = drawn(removed, strata, 400, seed)
        y = bad[chosen].astype(float)
        part, items = sample.within(flags)
        found = {
            "precision": stratified_share(y[items], part),
            "prevalence": stratified_mean(y, flags, sample),
            "recall": stratified_ratio(y, flags, sample),
            "over-removal": stratified_ratio(1 - y, flags, sample),
            "over-removal of a dialect": stratified_ratio(1 - y, flags, sample, members=dialect[chosen]),
        }
        for name, score in found.items():
            assert 0 <= score.low <= score.value <= score.high <= 1
            covered[name].append(score.low - 1e-9 <= truth[name] <= score.high + 1e-9)
            bias[name].append(score.value - truth[name])
    for name, hits in covered.items():
        # 200 samples tell a coverage to within three points.
        assert np.mean(hits) >= 0.915, name
    for name in ("precision", "prevalence", "over-removal"):
        assert abs(np.mean(bias[name])) < 4 * np.std(bias[name]) / 200**0.5 + 1e-9, name


def test_weights_matter():
    # One stratum of 900 that is good, one of 100 that is bad, drawn alike: half of the sample is bad.
    sample = Stratified(np.repeat([0, 1], 20), np.array([900, 100]))
    assert stratified_share(np.repeat([0.0, 1.0], 20), sample).value == pytest.approx(0.1)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.booleans(), min_size=12, max_size=40))
def test_drawn_whole_is_known_exactly(bad):
    y = np.array(bad, dtype=float)
    strata = np.arange(len(y)) % 3
    sample = Stratified(strata, np.bincount(strata))
    found = stratified_share(y, sample)
    assert (found.low, found.value, found.high) == pytest.approx((y.mean(),) * 3)
    if y.any():
        recall = stratified_ratio(y, [True, False, False], sample)
        assert (recall.low, recall.high) == pytest.approx((y[strata == 0].sum() / y.sum(),) * 2)


def test_one_large_stratum_is_a_plain_share():
    y = np.r_[np.ones(30), np.zeros(170)]
    found = stratified_share(y, Stratified(np.zeros(200, dtype=int), np.array([10**9])))
    plain = wilson(30, 200)
    assert found.value == plain.value
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high), abs=0.01)


def test_nothing_seen_is_not_nothing_there():
    sample = Stratified(np.zeros(50, dtype=int), np.array([10_000]))
    none = stratified_share(np.zeros(50), sample)
    assert none.low == none.value == 0
    assert 0.03 < none.high < 0.08
    missed = Stratified(np.repeat([0, 1], 50), np.array([100, 10_000]))
    recall = stratified_ratio(np.repeat([1.0, 0.0], 50), [True, False], missed)
    assert recall.value == 1
    assert recall.low < 0.5


def test_strata_that_were_not_drawn_from_count_as_the_rest():
    sample = Stratified.of(["a", "a", "b", "b"], {"a": 10, "b": 10, "c": 80})
    assert stratified_share([1, 0, 0, 0], sample).value == 0.25


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda s: stratified_share([0, 2], s), "outside of"),
        (lambda s: stratified_share([0], s), "lengths differ"),
        (lambda s: stratified_share([0, 1], s, members=[False, False]), "no item"),
        (lambda s: stratified_ratio([0, 0], [True, False], s), "above 0"),
        (lambda s: stratified_ratio([1, 1], [False, True], Stratified(s.stratum, np.array([5, 5]))), "side"),
        (lambda s: Stratified.of(["x"], {"a": 2}), "has no size"),
        (lambda s: Stratified(np.zeros(3, dtype=int), np.array([2])), "3 items were drawn"),
    ],
)
def test_what_says_nothing_is_refused(call, told):
    with pytest.raises(UsageError, match=told):
        call(Stratified(np.zeros(2, dtype=int), np.array([5, 0])))
