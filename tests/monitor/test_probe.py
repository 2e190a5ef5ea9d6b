"""Probes read what their formulas say: a line in residual-stream units, or a Gaussian kernel machine."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.svm import SVC

from eudaimon.core import Site
from eudaimon.monitor.probe import Probe, fit_kernel


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 12)) * np.geomspace(0.1, 40, 12) + np.linspace(-300, 50, 12)
    y = (x[:, 3] - x[:, 3].mean()) * (x[:, 7] - x[:, 7].mean()) > 0
    return x.astype(np.float32), y


def test_a_linear_probe_is_a_dot_product(rows):
    x, _ = rows
    vector = np.linspace(-1, 1, 12).astype(np.float32)
    probe = Probe(Site(2), "mean", "logistic", vector[None], bias=0.5)
    read = probe.read(x)
    assert read.dtype == np.float64
    np.testing.assert_allclose(read, x.astype(np.float64) @ vector.astype(np.float64) + 0.5, rtol=1e-12)


def test_a_kernel_probe_reads_what_its_machine_decides(rows):
    x, y = rows
    probe = fit_kernel(x, y, Site(2), "mean", c=3.0)
    z = (x - probe.mean) / probe.deviation
    apart = z[:, None].astype(np.float64) - probe.points[None]
    right = np.exp(-probe.gamma * (apart**2).sum(-1)) @ probe.weight + probe.bias
    np.testing.assert_allclose(probe.read(x), right, atol=2e-5)
    np.testing.assert_allclose(probe.read(x[:1]), right[:1], atol=2e-5)
    far = np.full((1, 12), 1e6, dtype=np.float32)
    np.testing.assert_allclose(probe.read(far), probe.bias, atol=1e-6)


def test_a_kernel_probe_with_a_landmark_a_row_decides_as_a_support_vector_machine(rows):
    x, y = rows
    probe = fit_kernel(x, y, Site(2), "mean", c=30.0)
    z = (x - probe.mean) / probe.deviation
    machine = SVC(C=3.0, gamma=probe.gamma, class_weight="balanced").fit(z, y)
    assert len(probe.points) == len(x)
    assert np.corrcoef(machine.decision_function(z), probe.read(x))[0, 1] > 0.97


def test_few_landmarks_come_near_to_all_rows(rows):
    x, y = rows
    whole, few = (fit_kernel(x, y, Site(2), "mean", c=3.0, n_landmarks=n) for n in (len(x), 40))
    assert len(few.points) == 40
    assert np.corrcoef(whole.read(x), few.read(x))[0, 1] > 0.95
    again = fit_kernel(x, y, Site(2), "mean", c=3.0, n_landmarks=40)
    np.testing.assert_array_equal(few.read(x), again.read(x))


def test_the_slope_is_the_derivative_of_the_read_out(rows):
    x, y = rows
    probe = fit_kernel(x, y, Site(2), "mean", c=3.0)
    step = probe.deviation * 1e-2
    for k in range(0, 12, 4):
        nudge = np.zeros(12, dtype=np.float32)
        nudge[k] = step[k]
        slope = (probe.read(x[:1] + nudge) - probe.read(x[:1] - nudge)) / (2 * step[k])
        np.testing.assert_allclose(slope[0], probe.gradient(x[0])[k], rtol=0.02, atol=2e-3 / step[k])


def test_reading_changes_no_argument_and_takes_read_only_rows(rows):
    x, y = rows
    probe = fit_kernel(x, y, Site(2), "mean", c=1.0)
    before = x.copy()
    x.setflags(write=False)
    np.testing.assert_array_equal(probe.read(x), probe.with_threshold(1.0).read(before))
