"""Events are the same however their bytes are cut."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.serve.outbound import NoAnswer
from eudaimon.serve.upstream.sse import EventParser


def parsed(data: bytes, cuts=()):
    parser, found, start = EventParser(), [], 0
    for cut in [*sorted(cuts), len(data)]:
        found += parser.feed(data[start:cut])
        start = cut
    return [tuple(event) for event in found + parser.end()]


def by_hand(data: bytes):
    """All of it at once, in ten lines: the reference."""
    found, name, lines = [], "", []
    for line in [*re.split(r"\r\n|\r|\n", data.decode().removeprefix("\ufeff")), ""]:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if lines:
                found.append((name, "\n".join(lines)))
            name, lines = "", []
        elif field == "data":
            lines.append(value)
        elif field == "event":
            name = value
    return found


LINES = st.sampled_from(
    [
        "data: {}",
        "data:x",
        "data",
        "data: ü€🙂",
        ": comment",
        "event: error",
        "id: 3",
        "retry: 1",
        "nonsense",
        "",
    ]
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(LINES, st.sampled_from(["\n", "\r\n", "\r"])), max_size=12),
    st.lists(st.integers(0, 200), max_size=12),
    st.booleans(),
)
def test_cuts_change_nothing(lines, cuts, bom):
    data = (("\ufeff" if bom else "") + "".join(line + end for line, end in lines)).encode()
    cuts = [min(cut, len(data)) for cut in cuts]
    assert parsed(data, cuts) == parsed(data) == by_hand(data)
    assert parsed(data, range(len(data))) == by_hand(data)


def test_known_stream():
    data = b": hello\n\nevent: error\ndata: a\ndata: b\n\ndata: [DONE]"
    assert parsed(data) == [("error", "a\nb"), ("", "[DONE]")]


def test_an_endless_event_is_refused():
    parser = EventParser(longest=100)
    with pytest.raises(NoAnswer, match="100 bytes"):
        for _ in range(200):
            parser.feed(b"x")
    parser = EventParser(longest=100)
    with pytest.raises(NoAnswer):
        for _ in range(200):
            parser.feed(b"data: x\n")


def test_what_is_no_text_is_refused():
    with pytest.raises(NoAnswer, match="UTF-8"):
        parsed(b"data: \xff\xfe\n\n")
