"""Colours, fonts and panels that all figures share. Lengths are in pixels, from the top left corner."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, Literal, ParamSpec, TypeVar

import matplotlib
import numpy as np
from jaxtyping import Float
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from eudaimon.core import Score

WIDE, NARROW = 760, 344
DOTS_PER_INCH = 72
"""The SVG backend writes 72 units an inch, so that a font size in points is one in pixels too."""

COLOURS = {
    "paper": "#fffffe",
    "ink": "#1d1d20",
    "muted": "#63636b",
    "line": "#d9d9de",
    "monitor": "#4338a8",
    "text": "#a66a00",
    "control": "#8b8b93",
    "safe": "#2b86b5",
    "harmful": "#c4442c",
    "series1": "#00806a",
    "series2": "#b0457f",
    "series3": "#7a6a4f",
}
"""Names and light values. Pairs that must be told apart differ along blue-yellow and in lightness, so that
they hold under the common colour blindnesses; on the page each is a CSS variable with a dark twin."""

DARK = {
    "paper": "#141417",
    "ink": "#ececef",
    "muted": "#a3a3ad",
    "line": "#36363d",
    "monitor": "#a79dff",
    "text": "#e0a33c",
    "control": "#8d8d97",
    "safe": "#66b7e3",
    "harmful": "#f0806a",
    "series1": "#4fc3a8",
    "series2": "#e58cb9",
    "series3": "#c4b08a",
}
"""The same names on a dark page, as the page's style sheet has them."""

SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "eudaimon",
    "text.parse_math": False,
    "text.usetex": False,
    "font.family": "DejaVu Sans",
    "font.size": 11.0,
    "text.color": COLOURS["ink"],
    "axes.labelcolor": COLOURS["muted"],
    "axes.edgecolor": COLOURS["line"],
    "axes.linewidth": 1.0,
    "axes.labelsize": 11.0,
    "axes.facecolor": "none",
    "axes.axisbelow": True,
    "xtick.color": COLOURS["line"],
    "ytick.color": COLOURS["line"],
    "xtick.labelcolor": COLOURS["muted"],
    "ytick.labelcolor": COLOURS["muted"],
    "xtick.labelsize": 10.5,
    "ytick.labelsize": 10.5,
    "figure.facecolor": COLOURS["paper"],
    "figure.dpi": DOTS_PER_INCH,
    "grid.color": COLOURS["line"],
    "grid.linewidth": 0.7,
    "lines.solid_capstyle": "round",
}

Grid = Literal["both", "x", "y", ""]
P = ParamSpec("P")
T = TypeVar("T")


@contextmanager
def settings() -> Iterator[None]:
    """matplotlib as these figures need it, whatever the user's own settings are; restored afterwards."""
    with warnings.catch_warnings(), matplotlib.rc_context():
        # Text stays text in the SVG: a glyph that the layout font lacks is drawn by the reader's.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        yield


def styled(draw: Callable[P, T]) -> Callable[P, T]:
    """The drawing function, run inside `settings`."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> T:
        with settings():
            return draw(*args, **kwargs)

    return drawn


def blank(width: float, height: float) -> Figure:
    """An empty figure of ``width`` by ``height`` pixels, outside any global figure list."""
    figure = Figure(figsize=(width / DOTS_PER_INCH, height / DOTS_PER_INCH), dpi=DOTS_PER_INCH)
    FigureCanvasAgg(figure)
    return figure


def panel(figure: Figure, left: float, top: float, width: float, height: float, *, grid: Grid = "y") -> Any:
    """Axes at a place in pixels from the top left, with a base line, a light grid and no box."""
    whole_width, whole_height = figure.get_size_inches() * DOTS_PER_INCH
    bottom = whole_height - top - height
    axes = figure.add_axes(
        (left / whole_width, bottom / whole_height, width / whole_width, height / whole_height)
    )
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(length=0, pad=5)
    if grid:
        axes.grid(axis=grid)
    return axes


def words(figure: Figure, left: float, top: float, text: str, **style: Any) -> None:
    """Text at a place in pixels from the top left, vertically centred."""
    width, height = figure.get_size_inches() * DOTS_PER_INCH
    figure.text(left / width, 1 - top / height, text, **{"va": "center", "ha": "left", **style})


def key(
    figure: Figure, left: float, top: float, entries: Sequence[tuple[str, str, str]], width: float
) -> float:
    """Coloured ``(mark, text, colour)`` entries from a place on, wrapped to a width; returns the height."""
    x, y = left, top
    for mark, text, colour in entries:
        length = 16 + 6.0 * len(text)
        if x > left and x + length > left + width:
            x, y = left, y + 18
        words(figure, x, y, mark, color=COLOURS[colour], fontsize=12)
        words(figure, x + 14, y, text, color=COLOURS[colour], fontsize=11)
        x += length + 14
    return y + 18 - top


def whisker(axes: Any, x: float, y: float, score: Score, colour: str, *, upright: bool = False) -> None:
    """The score's 95 % interval as a thin line through a point; nothing where there is none."""
    if score.low is None or score.high is None:
        return
    draw = axes.vlines if upright else axes.hlines
    draw(x if upright else y, score.low, score.high, color=COLOURS[colour], linewidth=1.6, alpha=0.75)


def bounds(scores: Sequence[Score]) -> tuple[Float[np.ndarray, "n"], Float[np.ndarray, "n"]]:
    """Lower and upper ends of the intervals; the value itself where there is none."""
    low = [s.value if s.low is None else s.low for s in scores]
    high = [s.value if s.high is None else s.high for s in scores]
    return np.array(low, dtype=float), np.array(high, dtype=float)


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """The places moved as little as needed to be ``gap`` apart and, where they fit, within the limits."""
    order = sorted(range(len(places)), key=lambda i: (places[i], i))
    moved = [max(places[i], low) for i in order]
    for i in range(1, len(moved)):
        moved[i] = max(moved[i], moved[i - 1] + gap)
    if moved and moved[-1] > high:
        moved[-1] = high
        for i in range(len(moved) - 2, -1, -1):
            moved[i] = min(moved[i], moved[i + 1] - gap)
    result = [0.0] * len(places)
    for place, index in zip(moved, order, strict=True):
        result[index] = place
    return result
