"""Points, cosines and dimensions against independent references."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from eudaimon.core import Site, UsageError
from eudaimon.dashboard import find
from eudaimon.dashboard.directions import (
    at_site,
    cosine_map,
    cosine_rows,
    cosines,
    read_sites,
    top_dimensions,
)
from eudaimon.dashboard.scatter import principal, scatter_of


@given(st.integers(0, 10_000), st.integers(3, 40), st.integers(1, 12))
def test_components_are_those_of_scikit_learn_up_to_sign(seed, n, d):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d)) * rng.uniform(0.1, 5, d)
    harmful = rng.random(n) < 0.5
    points, shares = principal(x, harmful)
    fitted = PCA(min(2, n, d)).fit(x)
    expected = fitted.transform(x)
    for k in range(expected.shape[1]):
        assert np.allclose(np.abs(points[:, k]), np.abs(expected[:, k]), atol=1e-6)
        assert abs(shares[k] - fitted.explained_variance_ratio_[k]) < 1e-9
    if harmful.any() and not harmful.all():
        assert (points[harmful].mean(axis=0) - points[~harmful].mean(axis=0) >= -1e-12).all()


def test_points_of_a_monitor_keep_their_texts(runs):
    (found,) = find(runs.folder).of("monitor")
    every, some = scatter_of(found.path), scatter_of(found.path, most=20)
    assert every.n == some.n == 60 and len(some.texts) == 20 and every.site == "2"
    place = dict(zip(every.texts, every.points, strict=True))
    assert all(
        np.array_equal(place[text], point) for text, point in zip(some.texts, some.points, strict=True)
    )
    assert np.array_equal(scatter_of(found.path, most=20).points, some.points)
    harmful = np.array(every.harmful)
    assert every.points[harmful, 0].mean() > every.points[~harmful, 0].mean()


def test_what_is_no_monitor_is_told(runs):
    with pytest.raises(UsageError):
        scatter_of(runs.folder / "vectors" / "one.safetensors")


@pytest.fixture
def paths(runs):
    return {one.name: one.path for one in find(runs.folder).of("directions")}


def test_cosines_are_inner_products(paths):
    assert set(read_sites(paths).values()) == {(Site(1), Site(2))}
    directions = at_site(paths, Site(1))
    one, two = directions.values()
    (row,) = cosine_rows(cosines(directions))
    assert row["cosine"] == pytest.approx(float(one.vector @ two.vector), abs=1e-6)
    assert row["beyond_chance"] == (abs(row["cosine"]) > 1.96 / 4)
    assert cosine_map(cosines(directions)) is not None
    assert cosine_map(cosines({"a": one})) is None
    with pytest.raises(UsageError, match="no direction at site"):
        at_site(paths, Site(7))


def test_top_dimensions_are_the_largest(paths):
    (direction, _) = at_site(paths, None).values()
    rows = top_dimensions(direction, 16)
    assert sorted(row["dimension"] for row in rows) == list(range(16))
    weights = [abs(row["weight"]) for row in rows]
    assert weights == sorted(weights, reverse=True)
    assert rows[-1]["share_so_far"] == pytest.approx(1, abs=1e-5)
    assert all(row["weight"] == direction.vector[row["dimension"]] for row in rows)
