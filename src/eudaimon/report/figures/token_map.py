"""Layers by tokens: a number for each token of a text at each layer, in bands as a page has lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from eudaimon.report.figures.style import COLOURS, NARROW, WIDE, blank, panel, styled, words
from eudaimon.report.words import MINUS, shorten, visible

MOST_CELLS = 6000
SHADES = 8
"""Steps from paper to the strongest colour, on either side of zero."""
STRONGEST = 0.92
CELL = 22
LEFT, RIGHT = 62, 46
SLANTED = 58
QUANTILE = 0.98
"""Of the sizes of all numbers: from this one on the colour is strongest, so that one token hides no other."""


@dataclass(frozen=True, eq=False)
class TokenMap:
    """A number for each token (columns) at each layer (rows); above 0 is towards ``toward``.

    ``unit`` says what one is. ``marked`` names the rows that a monitor reads; ``beside`` has a number for
    each row, called ``beside_name``, or none.
    """

    layers: tuple[str, ...]
    tokens: tuple[str, ...]
    values: Float[np.ndarray, "layers tokens"]
    unit: str
    toward: str = "harmful"
    away: str = "safe"
    marked: frozenset[str] = frozenset()
    beside: tuple[float, ...] = ()
    beside_name: str = ""

    @property
    def n_shown(self) -> int:
        """How many tokens the figure shows; a longer text is drawn as far as that."""
        return min(len(self.tokens), max(1, MOST_CELLS // max(len(self.layers), 1)))

    @property
    def strongest(self) -> float:
        """The size of a number from which on the colour is strongest, above 0."""
        return float(np.quantile(np.abs(self.values), QUANTILE)) or 1.0


@styled
def token_map(one: TokenMap, *, narrow: bool = False) -> Figure | None:
    """The map in bands of as many tokens as the width has room for; None for a text without tokens."""
    n = one.n_shown
    if not n or not one.layers:
        return None
    width = NARROW if narrow else WIDE
    right = 8 if narrow or not one.beside else RIGHT
    left = LEFT + max(0, max(len(layer) for layer in one.layers) - 4) * 6
    each = max(4, int((width - left - right) // CELL))
    high = 18 if len(one.layers) <= 16 else 11
    band = SLANTED + high * len(one.layers) + 10
    starts = range(0, n, each)
    above = 58 if narrow else 34
    figure = blank(width, above + band * len(starts) + 4)
    _key(figure, one, narrow)
    for number, start in enumerate(starts):
        end = min(start + each, n)
        _band(figure, one, (start, end), (left, above + band * number + SLANTED), high, bool(right == RIGHT))
    return figure


def _band(
    figure: Figure,
    one: TokenMap,
    part: tuple[int, int],
    place: tuple[float, float],
    high: float,
    beside: bool,
) -> None:
    """The tokens of ``part`` at all layers, the deepest layer on top, with names at ``place``."""
    start, end = part
    left, top = place
    rows = len(one.layers)
    axes = panel(figure, left, top, CELL * (end - start), high * rows, grid="")
    axes.set_xlim(0, end - start)
    axes.set_ylim(0, rows)
    axes.axis("off")
    _cells(axes, one.values[:, start:end] / one.strongest)
    for k, token in enumerate(one.tokens[start:end]):
        shown = shorten(visible(token), 9) or "·"
        words(
            figure, left + CELL * (k + 0.35), top - 4, shown, rotation=52, va="bottom", fontsize=10.5,
            rotation_mode="anchor",
        )  # fmt: skip
    every = 1 if high >= 14 else 2
    for k, layer in enumerate(one.layers):
        middle = top + high * (rows - k - 0.5)
        if (rows - 1 - k) % every == 0:
            marked = layer in one.marked
            style: dict[str, Any] = {"fontweight": "bold"} if marked else {"color": COLOURS["muted"]}
            words(
                figure,
                left - 6,
                middle,
                f"◆ {layer}" if marked else layer,
                ha="right",
                fontsize=10.5,
                **style,
            )
            if beside:
                number = f"{one.beside[k]:.2f}".replace("0.", ".", 1)
                words(
                    figure, left + CELL * (end - start) + 6, middle, number, fontsize=10,
                    color=COLOURS["muted"],
                )  # fmt: skip
    if beside:
        words(
            figure, left + CELL * (end - start) + 6, top - 9, one.beside_name, fontsize=9,
            color=COLOURS["muted"],
        )  # fmt: skip


def _cells(axes: Any, shares: Float[np.ndarray, "layers tokens"]) -> None:
    """Cells in one shape for each shade: a document of thousands of shapes would be slow to show."""
    levels = np.clip(np.rint(shares * SHADES), -SHADES, SHADES).astype(int)
    axes.add_patch(
        Rectangle(
            (0, 0), shares.shape[1], shares.shape[0], facecolor=COLOURS["line"], alpha=0.28, linewidth=0
        )
    )
    for level in np.unique(levels[levels != 0]).tolist():
        squares = [
            Path([(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1), (x, y)], closed=True)
            for y, x in np.argwhere(levels == level).tolist()
        ]
        axes.add_patch(
            PathPatch(
                Path.make_compound_path(*squares),
                facecolor=COLOURS["harmful" if level > 0 else "safe"],
                alpha=STRONGEST * abs(level) / SHADES,
                linewidth=0,
            )
        )


def _key(figure: Figure, one: TokenMap, narrow: bool) -> None:
    """What the colours mean, from away to toward, with the number at which they are strongest."""
    away, toward = (shorten(visible(text), 16) for text in (one.away, one.toward))
    number = f"{one.strongest:.2g}"
    axes = panel(figure, 12, 12, 112, 12, grid="")
    axes.set_xlim(0, 2 * SHADES + 1)
    axes.set_ylim(0, 1)
    axes.axis("off")
    for level in range(-SHADES, SHADES + 1):
        colour = COLOURS["harmful" if level > 0 else "safe"] if level else COLOURS["line"]
        alpha = STRONGEST * abs(level) / SHADES if level else 0.28
        axes.add_patch(Rectangle((level + SHADES, 0), 1, 1, facecolor=colour, alpha=alpha, linewidth=0))
    said = f"{MINUS}{number} {away}  to  +{number} {toward}"
    words(figure, 132, 18, said, fontsize=11)
    place = (12, 42) if narrow else (132 + 7 * len(said) + 16, 18)
    words(figure, *place, f"in {one.unit}", fontsize=10.5, color=COLOURS["muted"])
