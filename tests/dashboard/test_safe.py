"""Whatever a text holds, it is text on the page, and the same text."""

from __future__ import annotations

import re
from base64 import b64decode
from importlib import resources

import html5lib
from hypothesis import given
from hypothesis import strategies as st

from eudaimon.dashboard import safe
from eudaimon.report.figures.style import COLOURS, DARK, blank, panel, words
from eudaimon.report.figures.svg import darkened, svg
from eudaimon.report.words import visible

ANY = st.text(max_size=120) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        "![x](http://evil/x.png)",
        "`` ` ```",
        "</div><img src=x onerror=1>",
        ":red[x] $x$",
        "\ud800",
    ]
)


def parsed(html: str):
    return html5lib.parseFragment(html, treebuilder="etree", namespaceHTMLElements=False)


def text_in(element) -> str:
    return "".join(element.itertext())


def normal(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@given(ANY)
def test_a_paragraph_is_one_block_with_that_text(text):
    (block,) = list(parsed(safe.paragraph(text)))
    assert block.tag == "div" and list(block) == []
    assert text_in(block) == normal(visible(text))


def test_a_long_paragraph_says_what_is_missing():
    assert "(5 more characters)" in safe.paragraph("a" * (safe.MOST + 5))


@given(st.lists(st.tuples(ANY, st.floats(-3, 3), ANY), max_size=4))
def test_coloured_text_is_spans_with_that_text(pieces):
    (block,) = list(parsed(safe.coloured(pieces, 3.0)))
    assert [span.tag for span in block] == ["span"] * len(pieces)
    assert [text_in(span) for span in block] == [normal(visible(text)) for text, _, _ in pieces]
    assert all(set(span.attrib) == {"style", "title"} for span in block)
    assert all(
        re.fullmatch(r"background:rgba\([\d,.]+\)(;text-decoration:underline)?", s.get("style"))
        for s in block
    )


@given(ANY)
def test_a_label_is_one_stretch_of_code(text):
    """CommonMark: a code span ends at the first run of as many backticks as it began with."""
    label = safe.label(text)
    fence = re.match(r"`+", label)[0]
    runs = [run for run in re.findall(r"`+", label) if len(run) == len(fence)]
    assert len(runs) == 2 and label.endswith(fence)
    assert label[len(fence) + 1 : -len(fence) - 1] == safe.name(text)


@given(ANY)
def test_escaped_markdown_has_no_bare_punctuation(text):
    escaped = safe.escaped(text)
    assert not re.search(r"(?<!\\)(?:\\\\)*[!\"#$%&'()*+,./:;<=>?@\[\]^_`{|}~-]", escaped)
    assert re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", escaped) == " ".join(visible(text).split())


@given(ANY)
def test_a_picture_is_two_images_without_anything_to_load(title):
    (block,) = list(parsed(safe.picture("<svg/>", "<svg a='b'/>", title)))
    images = list(block)
    assert [image.tag for image in images] == ["img", "img"]
    assert {image.get("alt") for image in images} == {normal(visible(title))}
    prefix = "data:image/svg+xml;base64,"
    assert all(image.get("src").startswith(prefix) for image in images)
    assert [b64decode(image.get("src")[len(prefix) :]) for image in images] == [b"<svg/>", b"<svg a='b'/>"]


@given(ANY)
def test_a_name_stands_on_one_line_and_nothing_of_it_hides(text):
    shown = safe.name(text)
    assert "\n" not in shown and shown and len(shown) <= 80
    shown.encode("utf-8")


def test_dark_colours_are_those_of_the_reports_style_sheet():
    sheet = resources.files("eudaimon.report").joinpath("templates/report.css").read_text(encoding="utf-8")
    dark = sheet[sheet.index("prefers-color-scheme: dark") :]
    found = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", dark[: dark.index("}")]))
    assert {name: found[name] for name in COLOURS} == DARK


def test_a_dark_figure_has_no_light_colour_and_the_same_words():
    figure = blank(200, 100)
    panel(figure, 10, 10, 100, 50)
    words(figure, 10, 10, "the colour #1d1d20 is a word here")
    light = svg(figure, "title")
    dark = darkened(light)
    assert "the colour #1d1d20 is a word here" in dark
    outside = dark.replace("the colour #1d1d20 is a word here", "")
    assert not [name for name, colour in COLOURS.items() if colour in outside]
    assert re.sub(r"#[0-9a-f]{6}", "", dark) == re.sub(r"#[0-9a-f]{6}", "", light)


def test_a_picture_of_a_dark_page_is_dark():
    document = svg(blank(200, 100), "t")
    (block,) = list(parsed(safe.picture(document, document, "t", dark=True)))
    shown = b64decode(block[0].get("src").partition(",")[2]).decode()
    assert shown == darkened(document) != document
