"""A direction at every layer: differences of means on one half, told apart on the other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from eudaimon.core import UsageError
from eudaimon.dashboard.every_layer import LEAST, every_layer
from eudaimon.dashboard.reading import every_layer_map
from eudaimon.models import capture, load
from eudaimon.monitor import load_monitor


@pytest.fixture(scope="module")
def monitor(tiny, tiny_monitor):
    return load_monitor(tiny_monitor, load(tiny("llama")))


def test_every_layer_has_a_direction_and_what_it_is_worth(monitor):
    found = every_layer(monitor, most=40)
    model = monitor.model
    assert [site.layer for site in found.directions.sites] == list(range(1, model.sites[-1].layer + 1))
    assert found.n_fitted == found.n_held_out == 20
    assert all(direction.n == (10, 10) for direction in found.directions)
    assert all(direction.classes == ("safe", "harmful") for direction in found.directions)
    assert all(0 <= value <= 1 for value in found.auroc)


def test_it_is_the_difference_of_the_means_of_the_first_half_measured_on_the_second(monitor):
    rng = np.random.default_rng(0)
    labels = np.array(monitor.examples.harmful)
    rows = np.concatenate([rng.permutation(np.flatnonzero(labels == label))[:20] for label in (False, True)])
    harmful = labels[rows]
    half = np.tile([True, False], 20)
    last = monitor.model.sites[-1]
    x = capture(monitor.model, [monitor.examples.texts[row] for row in rows], [last]).at(last)
    apart = x[half & harmful].mean(axis=0) - x[half & ~harmful].mean(axis=0)
    found = every_layer(monitor, most=40)
    assert np.allclose(found.directions.at(last).vector, apart / np.linalg.norm(apart), atol=1e-4)
    expected = roc_auc_score(harmful[~half], x[~half] @ apart)
    assert found.auroc[-1] == pytest.approx(expected)


def test_the_map_marks_what_the_monitor_reads_and_says_what_each_row_is_worth(monitor):
    found = every_layer(monitor, most=40)
    drawn = every_layer_map(monitor, found, "How do I rob the goat?")
    assert drawn.layers == tuple(map(str, found.directions.sites)) and drawn.beside == found.auroc
    assert drawn.marked == {str(site) for site in monitor.sites}
    assert drawn.values.shape == (len(drawn.layers), len(drawn.tokens))


def test_a_monitor_that_kept_too_little_says_what_to_type(monitor):
    few = LEAST - 1
    harmful = np.array(monitor.examples.harmful)
    rows = [*np.flatnonzero(harmful)[:few], *np.flatnonzero(~harmful)]
    some = replace(
        monitor.examples,
        texts=tuple(monitor.examples.texts[row] for row in rows),
        harmful=tuple(bool(harmful[row]) for row in rows),
    )
    for examples in (None, some):
        with pytest.raises(UsageError, match="vectors extract --all-layers"):
            every_layer(replace(monitor, examples=examples))
