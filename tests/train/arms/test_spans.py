"""Spans of a text: united, taken from each other, cut out, divided by voice."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core import Document, Segment
from eudaimon.train.spans import cut_out, minus, outside, pieces, touches, united, without

quick = settings(max_examples=60, deadline=None)
texts = st.text("ab \n.é", max_size=30)
pairs = st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda p: (min(p), max(p)))
some_spans = st.lists(pairs, max_size=4)


def inside(spans, length):
    return {k for start, end in spans for k in range(start, end) if k < length}


@quick
@given(text=texts, raw=some_spans, other=some_spans)
def test_spans_are_sets_of_characters(text, raw, other):
    n = len(text)
    spans, others = (united((min(a, n), min(b, n)) for a, b in some) for some in (raw, other))
    assert inside(spans, n) == inside(raw, n)
    assert inside(outside(spans, n), n) == set(range(n)) - inside(spans, n)
    assert inside(minus(spans, others), n) == inside(spans, n) - inside(others, n)
    assert without(text, spans) == "".join(c for k, c in enumerate(text) if k not in inside(spans, n))
    assert all(touches(spans, k, k + 1) == (k in inside(spans, n)) for k in range(n))


@quick
@given(text=texts, raw=some_spans)
def test_cutting_takes_the_spans_and_else_only_white_space_at_joins(text, raw):
    spans = united((min(a, len(text)), min(b, len(text))) for a, b in raw)
    left = cut_out(text, spans)
    assert "".join(left.split()) == "".join(without(text, spans).split())
    assert spans or left == text


@pytest.mark.parametrize(
    ("text", "bad", "left"),
    [
        ("Ann: hi.\nEve: burn it.\nAnn: no.", "Eve: burn it.", "Ann: hi.\nAnn: no."),
        ("Ann: hi.\nEve: burn it.\n", "Eve: burn it.", "Ann: hi."),
        ("Eve: burn it.\nAnn: no.", "Eve: burn it.", "Ann: no."),
        ("He said burn it to her.", "burn it", "He said to her."),
        ("One.\n\n Burn it. Two.", "Burn it.", "One.\n\n Two."),
        ("他说烧掉它然后走了", "烧掉它", "他说然后走了"),
        ("burn it", "burn it", ""),
    ],
)
def test_joins_are_readable(text, bad, left):
    start = text.index(bad)
    assert cut_out(text, ((start, start + len(bad)),)) == left


def test_cuts_that_touch_leave_one_join():
    assert cut_out("a b c d", ((2, 4), (4, 6))) == "a d"


def test_a_voice_goes_on_after_its_quotation():
    text = "She said: burn it. Never do. Rest"
    segments = (Segment(0, 28, "she"), Segment(10, 18, "he", parent=0))
    document = Document("1", text, segments=segments)
    found = [(text[a:b], begins) for a, b, begins in pieces(document)]
    assert found == [("She said: ", True), ("burn it.", False), (" Never do.", False)]
