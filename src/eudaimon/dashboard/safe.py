"""Text that a user, a model or a data set wrote, made fit for a page: it stays text wherever it is put.

Streamlit's labels and paragraphs are Markdown, in which data could fetch a picture from another host, and its
``st.html`` is HTML. So data goes into grids, which draw plain text, or through one of these functions.
"""

from __future__ import annotations

import html
import re
from base64 import b64encode
from collections.abc import Sequence

from eudaimon.report.figures.svg import darkened
from eudaimon.report.words import shorten, visible

MOST = 20_000
"""Characters of one text that a page shows; what is longer is cut, and says so."""
PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
TICKS = re.compile(r"`+")


def name(text: str, length: int = 80) -> str:
    """A name for a list or a grid, which show plain text: on one line, nothing of it invisible."""
    return shorten(visible(text), length) or "(empty)"


def place(text: str, length: int = 90) -> str:
    """A long name for a list or a grid: cut in its middle, as the ends of names are what tells them apart."""
    shown = " ".join(visible(text).split()) or "(empty)"
    half = (length - 1) // 2
    return shown if len(shown) <= length else f"{shown[:half]}…{shown[-half:]}"


def label(text: str, length: int = 80) -> str:
    """A name for a place that reads Markdown: as code, in which nothing is a link, a picture or a colour."""
    shown = name(text, length)
    fence = "`" * (max(map(len, TICKS.findall(shown)), default=0) + 1)
    return f"{fence} {shown} {fence}"


def escaped(text: str) -> str:
    """Text for a place that reads Markdown and takes no code: every sign of punctuation is literal."""
    return PUNCTUATION.sub(r"\\\g<0>", " ".join(visible(text).split()))


def paragraph(text: str, kind: str = "said") -> str:
    """HTML of a text in a block of its own, with its line breaks; ``kind`` is its CSS class, and ours."""
    shown = visible(text)
    more = f" … ({len(text) - MOST:,} more characters)" if len(shown) > MOST else ""
    return f'<div class="{kind}" dir="auto">{html.escape(shown[:MOST])}{more}</div>'


def coloured(pieces: Sequence[tuple[str, float, str]], largest: float) -> str:
    """HTML of pieces of text, on red where their number is above 0 and on blue below, by its size.

    Each piece is ``(text, number, words)``; the words stand in its tooltip. Large ones are underlined too, so
    that they can be told without colours.
    """
    largest = max(largest, 1e-12)
    spans = [_piece(text, min(abs(value) / largest, 1.0), value, words) for text, value, words in pieces]
    return f'<div class="said tokens" dir="auto">{"".join(spans)}</div>'


def picture(wide: str, narrow: str, title: str, *, dark: bool = False) -> str:
    """HTML of two SVG documents of the report, of which a style sheet shows the one that fits the screen.

    They stand as images, in which nothing of an SVG runs or loads, in the colours of a dark page if wanted.
    """
    shown = (darkened(wide), darkened(narrow)) if dark else (wide, narrow)
    said = html.escape(visible(title), quote=True)
    images = (
        f'<img class="plot {kind}" alt="{said}" src="data:image/svg+xml;base64,{_encoded(document)}">'
        for kind, document in zip(("wide", "narrow"), shown, strict=True)
    )
    return f'<div class="figure">{"".join(images)}</div>'


def _piece(text: str, share: float, value: float, words: str) -> str:
    colour = "196,68,44" if value > 0 else "43,134,181"
    line = ";text-decoration:underline" if share > 0.5 else ""
    return (
        f'<span style="background:rgba({colour},{0.65 * share:.2f}){line}" '
        f'title="{html.escape(visible(words), quote=True)}">{html.escape(visible(text))}</span>'
    )


def _encoded(document: str) -> str:
    return b64encode(document.encode("utf-8")).decode("ascii")
