"""No character goes that no look has passed, and none is missed by all looks, however an answer is cut."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core import UsageError
from eudaimon.serve.outbound import NoAnswer
from eudaimon.serve.upstream.chunks import Chunk
from eudaimon.serve.upstream.growing import Growing, Look, Window

WINDOWS = st.tuples(st.integers(1, 20), st.integers(0, 20), st.integers(0, 20)).map(
    lambda each: Window(each[0], sum(each), each[1])
)
TEXTS = st.lists(st.text(st.sampled_from("ab \n\ud83d\ude42é"), max_size=15), max_size=15)


def run(growing, pieces):
    """All looks, what went in the end, and after each look what had gone."""
    looks, out = [], ""
    for number, text in enumerate([*pieces, None]):
        ended = text is None
        growing.end() if ended else growing.add(Chunk(text))
        look = growing.look(ended=ended)
        if look is not None:
            looks.append((look, growing.text))
            piece = growing.release(look, ended=ended)
        else:
            piece = growing.release(Look("", growing.passed), ended=True) if ended else None
        out += piece.text if piece else ""
        assert len(out) == growing.sent <= growing.passed, number
        assert ended or growing.sent <= max(0, growing.passed - growing._window.hold_back)
    return looks, out


@settings(max_examples=300, deadline=None)
@given(TEXTS, WINDOWS)
def test_whatever_passes_goes_whole_and_in_order(pieces, window):
    growing = Growing(window, 10_000)
    _, out = run(growing, pieces)
    joined = "".join(pieces).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    assert out == growing.text == joined
    out.encode("utf-8")


@settings(max_examples=300, deadline=None)
@given(TEXTS, WINDOWS, st.booleans())
def test_every_stretch_stands_in_one_look(pieces, window, patient):
    growing = Growing(window, 10_000)
    growing.patient = patient
    looks, out = run(growing, pieces)
    length = window.size - window.every
    for start in range(max(1, len(out) - length + 1)):
        stretch = out[start : start + length]
        if stretch.strip():
            assert any(stretch in look.text for look, _ in looks), stretch
    assert all(text.endswith(look.text) for look, text in looks)


def test_a_word_that_fits_what_is_held_back_is_held_whole():
    window = Window(every=3, size=20, hold_back=6)
    text = "all is well until a danger comes"
    for step in range(1, len(text)):
        growing, out = Growing(window, 1000), ""
        for at in range(0, len(text), step):
            growing.add(Chunk(text[at : at + step]))
            look = growing.look(ended=at + step >= len(text))
            if look is not None and "danger" in look.text:
                break
            piece = growing.release(look) if look else None
            out += piece.text if piece else ""
        else:
            pytest.fail("nobody saw it")
        assert "all is well until a ".startswith(out)


def test_tokens_go_with_their_text():
    growing = Growing(Window(1, 20, 3), 100, whole_chunks=True)
    pieces = []
    for text in ("Hel", "lo ", "a", "dear"):
        growing.add(Chunk(text, ((text, -1.0, ()),)))
        pieces.append(growing.release(growing.look()))
    pieces.append(growing.release(Look("", growing.passed), ended=True))
    assert [piece and piece.text for piece in pieces] == [None, "Hel", None, "lo a", "dear"]
    for piece in filter(None, pieces):
        assert "".join(token for token, *_ in piece.tokens) == piece.text


def test_who_is_patient_is_asked_less_often():
    looks = []
    for patient in (False, True):
        growing = Growing(Window(5, 40, 0), 1000)
        growing.patient = patient
        found, _ = run(growing, ["word "] * 20)
        looks.append(len(found))
    assert looks == [20, 5]


def test_only_spaces_are_not_read():
    growing = Growing(Window(2, 4, 0), 100)
    growing.add(Chunk("\n\n\n\n"))
    assert growing.look() == Look("", 4)


def test_an_endless_answer_is_refused():
    growing = Growing(Window(), 10)
    growing.add(Chunk("x" * 10))
    with pytest.raises(NoAnswer, match="10 characters"):
        growing.add(Chunk("x"))


@pytest.mark.parametrize("window", [(0, 10, 0), (5, 4, 0), (5, 10, -1), (5, 10, 6)])
def test_windows_that_would_miss_something_are_refused(window):
    with pytest.raises(UsageError):
        Window(*window)
