"""Figures of what safety cost: every arm is named with how often it is on the front, and every line drawn."""

from __future__ import annotations

import re
from itertools import product
from xml.etree import ElementTree

import numpy as np
import pytest

from eudaimon.core import Score
from eudaimon.measure.panel import Panel
from eudaimon.measure.pareto import pareto
from eudaimon.report import figures
from eudaimon.report.figures.style import NARROW

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def points():
    cells = list(product(range(3), range(8)))

    def panels(means, start):
        return {
            name: Panel.of(
                mean + 0.04 * np.random.default_rng(start + k).standard_normal(len(cells)),
                [seed for seed, _ in cells],
                [f"q{question}" for _, question in cells],
            )
            for k, (name, mean) in enumerate(means.items())
        }

    harm = {"raw": 0.9, "mask": 0.15, "random": 0.85, "drop": 0.2, "mask and upsample": 0.05}
    able = {"raw": 0.97, "mask": 0.96, "random": 0.94, "drop": 0.5, "mask and upsample": 0.95}
    return pareto(panels(harm, 0), panels(able, 10), x_better="lower", n_resamples=300)


def shown(figure):
    root = ElementTree.fromstring(figures.svg(figure, "t"))
    return {element.text for element in root.iter(f"{SVG}text")}


@pytest.mark.parametrize("narrow", [False, True])
def test_every_arm_stands_with_how_often_it_is_on_the_front(points, narrow):
    figure = figures.pareto_front(points, x_name="harm under attack", y_name="right answers", narrow=narrow)
    said = shown(figure)
    for point in points:
        share = re.compile(rf"{re.escape(point.name[:5])}.* {round(100 * point.probability)}\s*%")
        assert any(share.search(text or "") for text in said), point.name
    assert {"harm under attack", "right answers"} <= said
    if narrow:
        assert figure.get_size_inches()[0] * figure.dpi == pytest.approx(NARROW)


def test_a_drift_line_for_each_kind_and_the_bound_across():
    def line(values):
        return [Score(value=v, low=v - 0.2, high=v + 0.2, n=20) for v in values]

    lines = {"keep going": line([0.1, 0.6, 1.4, 2.0]), "benign": line([0.0, 0.1, 0.0, 0.1])}
    figure = figures.drift(lines, bound=0.8)
    assert {"keep going", "benign", "bound from benign conversations"} <= shown(figure)
    (axes,) = figure.axes
    first, _, _, rings = axes.lines
    assert first.get_ydata()[-1] == 2.0
    assert list(rings.get_xdata()) == [3, 4] and list(rings.get_ydata()) == [1.4, 2.0]
    assert len(figures.drift(lines, bound=2.5).axes[0].lines) == 3
    assert len(figures.drift(lines).axes[0].lines) == 2
    assert figures.svg(figure, "t") == figures.svg(figures.drift(lines, bound=0.8), "t")


def test_nothing_to_draw():
    assert figures.drift({}) is None
    assert figures.pareto_front([], x_name="x", y_name="y") is None
