"""Character spans of a text: put in order, cut out with readable joins, divided by speaker."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import TypeAlias

from eudaimon.core.document import Document

Spans: TypeAlias = tuple[tuple[int, int], ...]
"""Character spans ``[start, end)`` in code points, in order, none empty, none overlapping another."""


def united(spans: Iterable[tuple[int, int]]) -> Spans:
    """The same characters as spans in order: overlapping ones are joined, empty ones left out."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def outside(spans: Spans, length: int) -> Spans:
    """The spans of a text of ``length`` characters that ``spans`` leave over."""
    edges = [0, *(edge for span in spans for edge in span), length]
    return tuple((start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if start < end)


def minus(spans: Spans, others: Spans) -> Spans:
    """The characters of ``spans`` that are not in ``others``."""
    length = max((end for _, end in spans), default=0)
    rest = outside(united((min(a, length), min(b, length)) for a, b in others), length)
    return united((max(a, c), min(b, d)) for a, b in spans for c, d in rest)


def without(text: str, spans: Spans) -> str:
    """The text without the characters of ``spans``, and nothing else changed."""
    return "".join(text[start:end] for start, end in outside(spans, len(text)))


def cut_out(text: str, spans: Spans) -> str:
    """The text without ``spans``, readable where it was cut: one run of white space stays at each join.

    It is the run with the most line breaks (the longest of these) among those before, at both ends of, and
    after the span; at the text's start and end none stays. No character is made up, and outside of the spans
    nothing but white space at a join goes.
    """
    if not spans:
        return text
    parts = sorted([(*span, True) for span in spans] + [(*span, False) for span in outside(spans, len(text))])
    left, joints = "", [""]
    for start, end, cut in parts:
        part = text[start:end]
        if cut or not part.strip():
            joints += [_leading(part), _trailing(part)]
            continue
        if left:
            left += _widest([*joints, _leading(part)])
        elif start == 0:
            left = _leading(part)
        left += part.strip()
        joints = [_trailing(part)]
    return left + joints[0] if len(joints) == 1 else left


def pieces(document: Document) -> tuple[tuple[int, int, bool], ...]:
    """The stretches of a document in which one voice goes on, in order, and whether a voice begins there.

    A quotation ends the stretch of the voice that quotes, which goes on after it: neither of the two begins a
    voice. Text of no voice is left out.
    """
    heard: list[int] = [-1] * len(document.text)
    outermost = list(heard)
    segments = document.segments or ()
    # Longest first: a quoted voice lies within the one that quotes it, and is the one that is heard.
    for index in sorted(range(len(segments)), key=lambda k: segments[k].start - segments[k].end):
        span = slice(segments[index].start, segments[index].end)
        heard[span] = [index] * len(heard[span])
        outermost[span] = [index if k < 0 else k for k in outermost[span]]
    edges = [k for k in range(1, len(heard)) if heard[k] != heard[k - 1]]
    found = [(a, b) for a, b in pairwise([0, *edges, len(heard)]) if a < b and heard[a] >= 0]
    before = [-1, *(outermost[a] for a, _ in found)]
    return tuple((a, b, outermost[a] != last) for (a, b), last in zip(found, before, strict=False))


def touches(spans: Spans, start: int, end: int) -> bool:
    """Whether any character of ``[start, end)`` lies in ``spans``."""
    return any(a < end and start < b for a, b in spans)


def _leading(text: str) -> str:
    return text[: len(text) - len(text.lstrip())]


def _trailing(text: str) -> str:
    return text[len(text.rstrip()) :]


def _widest(joints: list[str]) -> str:
    return max(joints, key=lambda joint: (joint.count("\n"), len(joint)))
