"""A figure as SVG text: alone in a file, or inline in a page that sets the colours itself."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET

from matplotlib.figure import Figure

from eudaimon.report.figures.style import COLOURS, DARK, settings

NAMESPACE = "http://www.w3.org/2000/svg"
LINK = "{http://www.w3.org/1999/xlink}href"
FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
HALO = f"paint-order: stroke; stroke: {COLOURS['paper']}; stroke-width: 3px; stroke-linejoin: round"
"""In the colour of the paper; keeps labels readable where they cross a line. The page's CSS has its own."""
FAMILY = re.compile(r"font-family: [^;]*;")
COLOUR = re.compile(r"#[0-9a-f]{6}")
MARKED = re.compile(r"<style>.*?</style>|<[^>]*>", re.DOTALL)
"""Where a document names colours; what stands between tags are the words of the data."""
TWINS = {light: DARK[name] for name, light in COLOURS.items()}
VARIABLES = {value: f"var(--{name})" for name, value in COLOURS.items()}


def svg(figure: Figure, title: str, description: str = "") -> str:
    """One SVG document with text as text, a title and a description; no dates, the same bytes every time."""
    stream = io.StringIO()
    with settings():
        silent = {"Date": None, "Creator": None, "Format": None, "Type": None}
        figure.savefig(stream, format="svg", metadata=silent)
    root = _tree(stream.getvalue())
    sheet = ET.Element("style")
    sheet.text = f"text {{ {HALO} }}"
    heading = ET.Element("title")
    heading.text = title
    root[:0] = [heading, sheet]
    for element in root.iter("text"):
        element.set("style", FAMILY.sub(f"font-family: {FONTS};", element.get("style", "")))
    root.set("style", "stroke-linejoin: round; stroke-linecap: butt")
    root.set("role", "img")
    root.set("aria-label", f"{title}. {description}".strip())
    root.set("xmlns", NAMESPACE)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def inline(document: str, *, prefix: str) -> str:
    """A document made by `svg` as an element for an HTML page.

    Colours become CSS variables named as in `COLOURS`, fonts and halos are left to the page (class ``plot``),
    and every id begins with ``prefix``, which must differ between the figures of a page.
    """
    root = _tree(document)
    for element in root.iter():
        if element.tag == "text":
            element.set("style", FAMILY.sub("", element.get("style", "")))
        for attribute, setting in element.attrib.items():
            element.set(attribute, _themed(_prefixed(attribute, setting, f"{prefix}-")))
    root.set("class", "plot")
    return ET.tostring(root, encoding="unicode")


def darkened(document: str) -> str:
    """A document made by `svg` in the colours of a dark page."""
    return MARKED.sub(lambda mark: COLOUR.sub(lambda found: TWINS.get(found[0], found[0]), mark[0]), document)


def _tree(document: str) -> ET.Element:
    """The document without namespaces, metadata, style sheets and fixed size."""
    root = ET.fromstring(document)
    for tag in ("metadata", "style"):
        _drop(root, tag)
    for element in root.iter():
        element.tag = element.tag.removeprefix(f"{{{NAMESPACE}}}")
        if LINK in element.attrib:
            element.set("href", element.attrib.pop(LINK))
        if element.tail is not None and not element.tail.strip():
            element.tail = "\n"
    for unused in ("width", "height", "version"):
        root.attrib.pop(unused, None)
    return root


def _drop(root: ET.Element, tag: str) -> None:
    for parent in root.iter():
        for child in [child for child in parent if child.tag.endswith(f"}}{tag}")]:
            parent.remove(child)


def _prefixed(attribute: str, setting: str, prefix: str) -> str:
    if attribute == "id":
        return prefix + setting
    if attribute == "href":
        return setting.replace("#", f"#{prefix}", 1)
    return setting.replace("url(#", f"url(#{prefix}")


def _themed(style: str) -> str:
    return COLOUR.sub(lambda found: VARIABLES.get(found[0], found[0]), style)
