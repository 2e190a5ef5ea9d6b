"""Personas told apart inside: found where they are planted, and not found in shuffled or equal texts."""

from __future__ import annotations

import numpy as np
import pytest

from eudaimon.core import Site, UsageError
from eudaimon.evaluate.judge_free import separability as module
from eudaimon.evaluate.judge_free.matched import Matched
from eudaimon.evaluate.judge_free.separability import separability

N, D = 40, 24
PAIRS = tuple(Matched(f"q{k}", (f"bad {k}",), (f"good {k}",)) for k in range(N))


@pytest.fixture
def planted(monkeypatch):
    """``planted(*lengths)``: at each site the bad text differs by that much along one axis."""

    def plant(*lengths):
        rng = np.random.default_rng(0)
        # Both texts of a pair share their subject, which is far larger than what they differ by.
        shared = 3 * rng.standard_normal((1, N, 1, D))
        values = shared + rng.standard_normal((2, N, len(lengths), D))
        values[0, :, :, 0] += np.array(lengths)
        values = values.astype(np.float32)
        monkeypatch.setattr(module, "_activations", lambda model, pairs, sites: values[:, : len(pairs)])
        return tuple(Site(k) for k in range(len(lengths)))

    return plant


def test_it_is_found_where_it_is_and_nowhere_else(planted):
    nowhere, somewhere = separability(None, PAIRS, sites=planted(0.0, 14.0), n_resamples=200)
    assert somewhere.auroc.value > 0.9 and somewhere.auroc.low > somewhere.shuffled.high
    assert somewhere.p == 1 / 40 and nowhere.p > 0.05
    assert nowhere.auroc.low < nowhere.shuffled.high and nowhere.shuffled.low < 0.5 < nowhere.shuffled.high
    assert abs(somewhere.shuffled.value - 0.5) < 0.1 and somewhere.auroc.n == N
    assert (nowhere.layer, somewhere.layer) == (0, 1)


def test_a_probe_never_sees_the_pair_it_is_tried_on(planted):
    # More dimensions than pairs: seen rows would be told apart perfectly.
    (found,) = separability(None, PAIRS[:12], sites=planted(0.0), n_resamples=50)
    assert found.auroc.value < 0.85


def test_the_same_seed_gives_the_same_and_few_pairs_are_refused(planted):
    sites = planted(1.0)
    first, again = (separability(None, PAIRS, sites=sites, n_resamples=50, seed=3) for _ in range(2))
    assert first == again
    with pytest.raises(UsageError, match="7 pairs"):
        separability(None, PAIRS[:7], sites=sites)
    with pytest.raises(UsageError, match="0 shuffles"):
        separability(None, PAIRS, sites=sites, n_shuffles=0)


def test_what_is_read_is_what_is_said_and_not_what_stands_before(tiny):
    from eudaimon.models import load

    model = load(tiny("llama"), device="cpu")
    pairs = [
        Matched(f"q{k}", ("a red house",), ("a blue house",), before="x" * k + " said:") for k in range(3)
    ]
    asked = [Matched("p", ("a red house",), ("a blue house",), prompt="What do you see?")]
    sites = (Site(0), Site(2))
    read = module._activations(model, (*pairs, *asked), sites)
    assert read.shape == (2, 4, 2, model.width)
    # The embedding of what is said does not depend on what stood before it, deeper layers do.
    np.testing.assert_allclose(read[:, 0, 0], read[:, 1, 0], atol=1e-5)
    np.testing.assert_allclose(read[:, 0, 0], read[:, 3, 0], atol=0.2)
    assert np.abs(read[:, 0, 1] - read[:, 3, 1]).max() > 1e-3
    assert [site.layer for site in module._spread(model)] == list(range(model.n_layers + 1))
