"""Layers by tokens as a figure: every token and layer once, colours by sign, long texts in bands."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from matplotlib.colors import to_hex

from eudaimon.report import figures
from eudaimon.report.figures import TokenMap, token_map
from eudaimon.report.figures.style import COLOURS, NARROW, WIDE
from eudaimon.report.figures.token_map import MOST_CELLS

SVG = "{http://www.w3.org/2000/svg}"


def made(n_tokens, n_layers=3, **how):
    values = np.random.default_rng(0).normal(size=(n_layers, n_tokens))
    layers = tuple(str(k + 1) for k in range(n_layers))
    return TokenMap(layers, tuple(f"t{k}" for k in range(n_tokens)), values, "SD", **how)


def words_of(figure):
    root = ElementTree.fromstring(figures.svg(figure, "t"))
    return [element.text for element in root.iter(f"{SVG}text")]


def cells(figure):
    """The cells that are drawn in each colour, by the number of closed outlines."""
    found = {}
    for axes in figure.axes[1:]:
        for patch in axes.patches[1:]:
            colour = to_hex(patch.get_facecolor())
            n = int((patch.get_path().codes == patch.get_path().MOVETO).sum())
            found[colour] = found.get(colour, 0) + n
    return found


@pytest.mark.parametrize("narrow", [False, True])
def test_each_token_stands_once_and_each_layer_in_each_band(narrow):
    one = made(70, marked=frozenset({"2"}), toward="malign", away="kind")
    figure = token_map(one, narrow=narrow)
    said = words_of(figure)
    assert sorted(text for text in said if text.startswith("t")) == sorted(one.tokens)
    bands = len(figure.axes) - 1
    assert bands > 1 and said.count("1") == said.count("◆ 2") == bands and "2" not in said
    assert any("malign" in text and "kind" in text for text in said) and "in SD" in said
    assert figure.get_size_inches()[0] * figure.dpi == pytest.approx(NARROW if narrow else WIDE)


def test_red_is_above_zero_and_blue_below():
    values = np.array([[3.0, -3.0, 0.0], [2.0, 3.0, -3.0]])
    figure = token_map(TokenMap(("1", "2"), ("a", "b", "c"), values, "SD"))
    assert cells(figure) == {COLOURS["harmful"]: 3, COLOURS["safe"]: 2}


def test_one_large_number_hides_no_other():
    values = np.ones((1, 200))
    values[0, 7] = 1e6
    one = TokenMap(("1",), ("a",) * 200, values, "SD")
    assert one.strongest == 1.0 and cells(token_map(one)) == {COLOURS["harmful"]: 200}
    assert token_map(TokenMap(("1",), ("a",), np.zeros((1, 1)), "SD")) is not None


def test_a_number_beside_each_row_is_said_where_there_is_room():
    one = made(4, beside=(0.51, 0.75, 1.0), beside_name="AUROC")
    assert {"AUROC", ".51", ".75", "1.00"} <= set(words_of(token_map(one)))
    assert "AUROC" not in words_of(token_map(one, narrow=True))


def test_a_long_text_is_drawn_as_far_as_a_page_can_show():
    one = made(MOST_CELLS, 4)
    assert one.n_shown == MOST_CELLS // 4
    assert sum(text.startswith("t") for text in words_of(token_map(one))) == one.n_shown
    assert token_map(TokenMap((), (), np.zeros((0, 0)), "SD")) is None


def test_what_a_token_says_is_text_that_is_seen():
    hostile = "<b>", "a\u202eb", "\n", "&amp;"
    figure = token_map(TokenMap(("1",), hostile, np.ones((1, 4)), "<i>"))
    assert {"<b>", "&amp;", "·", "in <i>"} <= set(words_of(figure))
    assert not any("\u202e" in (text or "") for text in words_of(figure))
