from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core.errors import UsageError
from eudaimon.measure import cohen_kappa, krippendorff, pearson

NO = np.nan
# Four observers and twelve units: Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, section C.
PUBLISHED = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NO, NO, NO],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NO, 3],
        [NO, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NO],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NO],
    ]
).T
# Two observers, ten units, two values: section A of the same paper.
BINARY = np.array([[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]]).T


@pytest.mark.parametrize(
    ("ratings", "level", "alpha"),
    [(PUBLISHED, "nominal", 0.743), (PUBLISHED, "ordinal", 0.815), (BINARY, "nominal", 0.095)],
)
def test_worked_examples_of_the_paper(ratings, level, alpha):
    assert krippendorff(ratings, level).value == pytest.approx(alpha, abs=5e-4)


def slow(table: np.ndarray, level: str) -> float:
    """Alpha straight from its definition: mean distances of pairs within units and of all pairs."""
    units = [[v for v in row if not np.isnan(v)] for row in table]
    units = [unit for unit in units if len(unit) > 1]
    pooled = [v for unit in units for v in unit]

    def distance(a: float, b: float) -> float:
        if level == "nominal":
            return float(a != b)
        low, high = min(a, b), max(a, b)
        between = sum(low <= v <= high for v in pooled)
        return (between - (pooled.count(a) + pooled.count(b)) / 2) ** 2 if a != b else 0.0

    seen = sum(2 * sum(distance(a, b) for a, b in combinations(u, 2)) / (len(u) - 1) for u in units)
    seen /= len(pooled)
    expected = 2 * sum(distance(a, b) for a, b in combinations(pooled, 2))
    return 1 - seen / (expected / (len(pooled) * (len(pooled) - 1)))


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from((NO, 0.0, 1.0, 2.0, 5.0)), min_size=3, max_size=3), min_size=2, max_size=9
    ),
    st.sampled_from(("nominal", "ordinal")),
)
def test_as_slow_as_the_definition(rows, level):
    table = np.array(rows)
    counted = table[(~np.isnan(table)).sum(axis=1) > 1]
    if len(np.unique(counted[~np.isnan(counted)])) < 2:
        with pytest.raises(UsageError):
            krippendorff(table, level, n_resamples=10)
        return
    found = krippendorff(table, level, n_resamples=10)
    assert found.value == pytest.approx(slow(table, level))
    assert found.n == len(counted)


def test_the_interval_covers_what_many_units_would_say():
    rng = np.random.default_rng(0)

    def drawn(n: int) -> np.ndarray:
        truth = rng.integers(0, 4, n)
        return np.where(rng.random((3, n)) < 0.7, truth, rng.integers(0, 4, (3, n))).T.astype(float)

    truth = krippendorff(drawn(20_000), n_resamples=10).value
    scores = [krippendorff(drawn(80), n_resamples=200, seed=k) for k in range(150)]
    covered = np.mean([s.low <= truth <= s.high for s in scores])
    assert 0.88 <= covered <= 0.99


@pytest.mark.parametrize(
    ("ratings", "level", "told"),
    [
        ([[1, NO], [NO, 2]], "nominal", "no unit has two ratings"),
        ([[2, 2], [2, 2]], "nominal", "all ratings are 2"),
        ([[1, 2]], "interval", "level of measurement"),
        ([1, 2], "nominal", "shape"),
    ],
)
def test_what_has_no_alpha_is_refused(ratings, level, told):
    with pytest.raises(UsageError, match=told):
        krippendorff(ratings, level)


PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=40)


@given(PAIRS)
@settings(max_examples=30, deadline=None)
def test_kappa_and_correlation_are_those_of_scikit_learn_and_numpy(pairs):
    from sklearn.metrics import cohen_kappa_score

    a, b = np.array(pairs).T
    if len(np.unique([a, b])) < 2:
        with pytest.raises(UsageError, match="kappa is undefined"):
            cohen_kappa(a, b)
    else:
        assert cohen_kappa(a, b, n_resamples=5).value == pytest.approx(cohen_kappa_score(a, b))
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        with pytest.raises(UsageError, match="correlation is undefined"):
            pearson(a, b)
    else:
        assert pearson(a, b, n_resamples=5).value == pytest.approx(np.corrcoef(a, b)[0, 1])


def test_whole_questions_are_resampled():
    """Fifty copies of each of eight answers say no more than one copy does."""
    rng = np.random.default_rng(0)
    a = rng.integers(0, 2, 8).astype(float)
    b = np.where(rng.random(8) < 0.7, a, 1 - a)
    often, question = np.repeat(np.arange(8), 50), np.repeat(np.arange(8), 50)
    for statistic in (cohen_kappa, pearson):
        whole = statistic(a[often], b[often], clusters=question)
        naive = statistic(a[often], b[often])
        assert (whole.n, naive.n) == (8, 400)
        assert whole.value == pytest.approx(naive.value)
        assert whole.high - whole.low > 3 * (naive.high - naive.low)


def test_numbers_far_from_zero_correlate_as_well():
    a = np.array([1.0, 2.0, 4.0, 3.0]) + 1e9
    assert pearson(a, a[::-1], n_resamples=10).value == pytest.approx(
        np.corrcoef([1, 2, 4, 3], [3, 4, 2, 1])[0, 1]
    )


@pytest.mark.parametrize("statistic", [cohen_kappa, pearson])
def test_two_raters_rate_the_same_items(statistic):
    with pytest.raises(UsageError, match="lengths differ"):
        statistic([1, 2], [1, 2, 3])
    with pytest.raises(UsageError, match="no use"):
        statistic([1, NO], [1, 2])
